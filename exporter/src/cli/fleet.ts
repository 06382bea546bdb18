/** `hashfleet fleet`: how the miners are, as the running exporter has them. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { Rigs, type Rig } from '../http/schemas.ts';
import { apiOf, withApi, type ApiFlags } from './api.ts';
import { attentionExit } from './exit.ts';
import { tableText, wantsColour, type Column, type Paint } from './table.ts';

type Miner = z.output<typeof Rig>;

interface Flags extends ApiFlags { readonly site?: string; readonly rack?: string; readonly circuit?: string; readonly state?: string; readonly attention?: true; readonly json?: true; readonly check?: true }

export function addFleet(program: Command): void {
  const fleet = program.command('fleet').description('the miners, as the running exporter has them');
  withApi(fleet.command('status').description('print each miner with its state, hashrate, power and profit; what needs a person comes first'), 'read')
    .option('--site <name>', 'only of this site')
    .option('--rack <name>', 'only in this rack')
    .option('--circuit <name>', 'only on this circuit')
    .option('--state <state>', 'only in this state, as stopped or failure; "unreachable" for those that do not answer')
    .option('--attention', 'only those that need a person')
    .option('--check', `exit with ${attentionExit} when a miner needs a person`)
    .option('--json', 'the miners as the API tells them')
    .action(async (flags: Flags) => {
      const { rigs } = await apiOf(flags).ask('/rigs', Rigs);
      const chosen = rigs.filter((miner) => fits(miner, flags)).sort((a, b) => Number(needOf(a) === undefined) - Number(needOf(b) === undefined) || a.name.localeCompare(b.name, 'en', { numeric: true }));
      console.log(flags.json === true ? JSON.stringify({ rigs: chosen }, null, 2) : statusText(chosen, { colour: wantsColour() }));
      if (flags.check === true && chosen.some((miner) => needOf(miner) !== undefined)) process.exitCode = attentionExit;
    });
}

function fits(miner: Miner, { site, rack, circuit, state, attention }: Flags): boolean {
  return (site === undefined || miner.site === site) && (rack === undefined || miner.rack === rack) && (circuit === undefined || miner.circuit === circuit)
    && (state === undefined || stateOf(miner) === state) && (attention !== true || needOf(miner) !== undefined);
}

const stateOf = ({ up, stale, state }: Miner) => (!up && stale ? 'unreachable' : state ?? 'unknown');

/** Hashing less than this part of what its preset promises, over the firmware's average. */
const slowRatio = 0.9;

/** What a person should look at; a miner that is wanted otherwise than mining has nothing. */
export function needOf(miner: Miner): string | undefined {
  const { intent, up, stale, reason, reasonDetail, state, failure, boards, fans, hashrateRatio, phase } = miner;
  if (intent === 'maintenance') return undefined;
  if (!up && stale) return `does not answer (${reasonDetail ?? reason ?? 'not read yet'})`;
  if (state === 'failure') return `failure${failure?.description === undefined ? '' : `: ${failure.description}`}`;
  if (intent !== 'mine') return undefined;
  if (state === 'stopped') return 'stopped, and nobody here wanted it';
  if (boards !== undefined && boards.up < boards.expected) return `${boards.expected - boards.up} of ${boards.expected} boards do not hash`;
  if (fans !== undefined && fans.up < fans.total) return `${fans.total - fans.up} of ${fans.total} fans stand still`;
  if (phase === 'steady' && hashrateRatio !== undefined && hashrateRatio < slowRatio) return `hashes ${(hashrateRatio * 100).toFixed(0)} % of its preset`;
  return undefined;
}

const fixed = (value: number | undefined, digits: number, divisor = 1) => (value === undefined ? '' : (value / divisor).toFixed(digits));

const paints: Readonly<Record<string, Paint>> = { mining: 'green', failure: 'red', unreachable: 'red' };
const columns: readonly Column<Miner>[] = [
  { title: 'MINER', of: ({ name }) => name, paint: (miner) => (needOf(miner) === undefined ? undefined : 'bold') },
  { title: 'SITE', of: ({ site }) => (site === 'default' ? '' : site) },
  { title: 'RACK', of: ({ rack = '' }) => rack },
  { title: 'MODEL', of: ({ model }) => model.replace(/^Antminer /, '') },
  { title: 'STATE', of: stateOf, paint: (miner) => paints[stateOf(miner)] ?? 'yellow' },
  { title: 'PRESET', of: ({ preset }) => preset?.name ?? '' },
  { title: 'GH/s', right: true, of: ({ hashrate }) => fixed(hashrate, 2, 1e9) },
  { title: 'W', right: true, of: ({ powerWatts }) => fixed(powerWatts, 0) },
  { title: 'J/MH', right: true, of: ({ efficiencyJoulesPerMegahash }) => fixed(efficiencyJoulesPerMegahash, 3) },
  { title: 'CHIP C', right: true, of: ({ temperature }) => fixed(temperature.chipMax, 0) },
  { title: 'USD/DAY', right: true, of: ({ money }) => fixed(money.profitUsdPerDay, 2), paint: ({ money }) => ((money.profitUsdPerDay ?? 0) < 0 ? 'red' : undefined) },
  { title: 'NEEDS', of: (miner) => needOf(miner) ?? (miner.activeJob === undefined ? miner.intent === 'mine' ? '' : `wanted: ${miner.intent}` : `job ${miner.activeJob}`), paint: (miner) => (needOf(miner) === undefined ? 'dim' : 'yellow') },
];

/** A line for each miner, and sums of what is known below. */
export function statusText(miners: readonly Miner[], options: { colour?: boolean } = {}): string {
  if (miners.length === 0) return 'No miner fits.';
  const sum = (of: (miner: Miner) => number | undefined) => {
    const known = miners.map(of).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
  };
  const [hashrate, watts, profit] = [sum((miner) => miner.hashrate), sum((miner) => miner.powerWatts), sum(({ money }) => money.profitUsdPerDay)];
  const parts = [
    `${miners.length} ${miners.length === 1 ? 'miner' : 'miners'}`, `${miners.filter((miner) => stateOf(miner) === 'mining').length} mining`, `${miners.filter((miner) => needOf(miner) !== undefined).length} need a person`,
    ...(hashrate === undefined ? [] : [`${(hashrate / 1e9).toFixed(1)} GH/s`]), ...(watts === undefined ? [] : [`${(watts / 1000).toFixed(1)} kW`]), ...(profit === undefined ? [] : [`${profit.toFixed(2)} USD a day`]),
  ];
  return `${tableText(miners, columns, options)}\n\n${parts.join(', ')}`;
}
