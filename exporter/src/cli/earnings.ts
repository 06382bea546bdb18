/** The command `hashfleet earnings`: asks the running exporter for sums of its books. */
import { InvalidArgumentError, type Command } from 'commander';
import type { z } from 'zod';
import { groupings, periods } from '../earnings/summary.ts';
import { Earnings } from '../http/schemas.ts';
import { apiOf, withApi, type ApiFlags } from './api.ts';
import { tableText } from './table.ts';

type Reply = z.output<typeof Earnings>;

interface Flags extends ApiFlags { readonly from?: string; readonly to?: string; readonly by: string; readonly group: string; readonly json?: true }

export function addEarnings(program: Command): void {
  const oneOf = (allowed: readonly string[]) => (text: string) => {
    if (!allowed.includes(text)) throw new InvalidArgumentError(`one of ${allowed.join(', ')}`);
    return text;
  };
  withApi(program.command('earnings').description('print what came in, as the running exporter has it in its books'), 'read')
    .option('--from <day>', 'first day, as 2026-11-01; 30 days back when absent')
    .option('--to <day>', 'last day; today when absent')
    .option('--by <period>', periods.join(', '), oneOf(periods), 'day')
    .option('--group <what>', groupings.join(', '), oneOf(groupings), 'fleet')
    .option('--json', 'the reply of the API as it is')
    .action(async (flags: Flags) => {
      const { from, to, by, group } = flags;
      const query = new URLSearchParams({ by, group, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
      const reply = await apiOf(flags).ask(`/earnings?${query.toString()}`, Earnings);
      console.log(flags.json === true ? JSON.stringify(reply, null, 2) : earningsText(reply));
    });
}

/** A table with a line for each period, name and coin, and below it what is missing. */
export function earningsText({ rows, now: { fleet }, pools }: Reply): string {
  const lines = rows.flatMap(({ period, name = '', coins }) => coins.map((coin) => ({ period, name, ...coin })));
  const table = tableText(lines, [
    { title: 'period', of: ({ period }) => period }, { title: 'of', of: ({ name }) => name }, { title: 'coin', of: ({ coin }) => coin },
    { title: 'amount', right: true, of: ({ amount }) => amount }, { title: 'USD', right: true, of: ({ usd }) => (usd === undefined ? 'no price' : usd.toFixed(2)) },
  ]);
  const money = (usd: number | undefined) => (usd === undefined ? 'unknown' : `${usd.toFixed(2)} USD`);
  return [
    ...(rows.length === 0 ? [pools.length === 0 ? 'No pool has told anything yet.' : 'Nothing came in.'] : [table]), '',
    `Now, a day: income ${money(fleet.revenueUsdPerDay)}, power ${money(fleet.powerCostUsdPerDay)}, profit ${money(fleet.profitUsdPerDay)}, of ${fleet.miners} miners.`,
    ...(fleet.complete ? [] : [`Not complete: ${fleet.lacks.join('; ')}.`]),
  ].join('\n');
}
