/** The command `hashfleet earnings`: asks the running exporter for sums of its books. */
import { readFileSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import type { z } from 'zod';
import { groupings, periods } from '../earnings/summary.ts';
import { HashfleetError, messageOf } from '../errors.ts';
import { Earnings, Problem } from '../http/schemas.ts';

type Reply = z.output<typeof Earnings>;

interface Flags { readonly api: string; readonly tokenFile?: string; readonly from?: string; readonly to?: string; readonly by: string; readonly group: string; readonly json?: true }

/** The API token is read from a file or from here, for arguments are seen by everybody. */
const tokenVariable = 'HASHFLEET_API_TOKEN';
const deadlineMs = 30_000;

export function addEarnings(program: Command): void {
  const oneOf = (allowed: readonly string[]) => (text: string) => {
    if (!allowed.includes(text)) throw new InvalidArgumentError(`one of ${allowed.join(', ')}`);
    return text;
  };
  program.command('earnings').description('print what came in, as the running exporter has it in its books')
    .option('--api <address>', 'API of the exporter', 'http://127.0.0.1:9789')
    .option('--token-file <file>', `file with an API token of scope read; else the variable ${tokenVariable}`)
    .option('--from <day>', 'first day, as 2026-11-01; 30 days back when absent')
    .option('--to <day>', 'last day; today when absent')
    .option('--by <period>', periods.join(', '), oneOf(periods), 'day')
    .option('--group <what>', groupings.join(', '), oneOf(groupings), 'fleet')
    .option('--json', 'the reply of the API as it is')
    .action(async (flags: Flags) => {
      const reply = await ask(flags);
      console.log(flags.json === true ? JSON.stringify(reply, null, 2) : earningsText(reply));
    });
}

/** @throws HashfleetError with what to do */
async function ask({ api, tokenFile, from, to, by, group }: Flags): Promise<Reply> {
  if (!URL.canParse(api) || !/^https?:$/.test(new URL(api).protocol)) throw new HashfleetError('payload_invalid', `--api: "${api}" is not an address; give for example http://127.0.0.1:9789.`);
  const query = new URLSearchParams({ by, group, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
  let body: unknown;
  try {
    const response = await fetch(`${api.replace(/\/+$/, '')}/api/v1/earnings?${query.toString()}`, { headers: { authorization: `Bearer ${readToken(tokenFile)}` }, signal: AbortSignal.timeout(deadlineMs) });
    body = await response.json();
  } catch (cause) {
    if (cause instanceof HashfleetError) throw cause;
    throw new HashfleetError('internal', `The exporter's API at ${api} does not answer: ${messageOf(cause)}. Is it running, and is --api right?`, { cause });
  }
  const problem = Problem.safeParse(body);
  if (problem.success) throw new HashfleetError(problem.data.status === 422 ? 'payload_invalid' : 'internal', `The exporter refuses: ${problem.data.detail}`);
  const reply = Earnings.safeParse(body);
  if (!reply.success) throw new HashfleetError('internal', `What answers at ${api} is no exporter of this version.`);
  return reply.data;
}

function readToken(file: string | undefined): string {
  const token = file === undefined ? process.env[tokenVariable] : contentOf(file);
  if (token === undefined || token === '') throw new HashfleetError('secret_missing', `An API token of scope read is needed: name its file with --token-file, or put it into ${tokenVariable}.`);
  return token;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new HashfleetError('secret_missing', `--token-file: ${file} cannot be read (${messageOf(cause)}).`, { cause });
  }
}

/** A table with a line for each period, name and coin, and below it what is missing. */
export function earningsText({ rows, now: { fleet }, pools }: Reply): string {
  const table = [
    ['period', 'of', 'coin', 'amount', 'USD'],
    ...rows.flatMap(({ period, name = '', coins }) => coins.map(({ coin, amount, usd }) => [period, name, coin, amount, usd === undefined ? 'no price' : usd.toFixed(2)])),
  ];
  const widths = table[0]?.map((_title, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = table.map((row) => row.map((cell, column) => (column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ').trimEnd());
  const money = (usd: number | undefined) => (usd === undefined ? 'unknown' : `${usd.toFixed(2)} USD`);
  return [
    ...(rows.length === 0 ? [pools.length === 0 ? 'No pool has told anything yet.' : 'Nothing came in.'] : lines), '',
    `Now, a day: income ${money(fleet.revenueUsdPerDay)}, power ${money(fleet.powerCostUsdPerDay)}, profit ${money(fleet.profitUsdPerDay)}, of ${fleet.miners} miners.`,
    ...(fleet.complete ? [] : [`Not complete: ${fleet.lacks.join('; ')}.`]),
  ].join('\n');
}
