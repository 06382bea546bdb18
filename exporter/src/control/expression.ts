/**
 * Expressions that choose miners, in CEL, the Common Expression Language (https://cel.dev): they end, have no side effects and
 * know nothing but the miner in question.
 */
import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import { HashfleetError } from '../errors.ts';
import type { Miner } from '../fleet/fleet.ts';

type Value = string | number | boolean | readonly string[] | undefined;

/** What an expression can ask of a miner that was read a moment ago, beside what its entry says. Base units, as the series have them. */
interface Fact { readonly type: 'string' | 'double' | 'bool' | 'list<string>'; readonly about: string; readonly read: (miner: Miner, also: Also) => Value; readonly fromReading?: true }

/** What others know of the miner. */
export interface Also { readonly groups: readonly string[]; readonly profitUsdPerDay?: number | undefined }

const ofReading = (type: Fact['type'], about: string, read: (reading: NonNullable<Miner['reading']>) => Value): Fact =>
  ({ type, about, fromReading: true, read: ({ reading }) => (reading === undefined ? undefined : read(reading)) });

export const facts: Readonly<Record<string, Fact>> = {
  name: { type: 'string', about: 'the miner\'s name', read: ({ config }) => config.name },
  site: { type: 'string', about: 'its site', read: ({ config }) => config.site },
  rack: { type: 'string', about: 'its rack', read: ({ config }) => config.rack },
  circuit: { type: 'string', about: 'its circuit', read: ({ config }) => config.circuit },
  groups: { type: 'list<string>', about: 'groups of fleet.yaml that list it by name, as in "hot" in groups', read: (_miner, { groups }) => groups },
  model: { type: 'string', about: 'as the series have it', read: ({ model }) => model },
  intent: { type: 'string', about: 'mine, stopped, curtailed or maintenance', read: ({ intent }) => intent },
  firmware_version: ofReading('string', 'as 1.2.6', ({ identity }) => identity?.firmwareVersion),
  state: ofReading('string', 'mining, stopped, failure ...', ({ state }) => state),
  state_seconds: ofReading('double', 'how long it has been in that state', ({ stateSeconds }) => stateSeconds),
  preset: ofReading('string', 'name of the preset in use', ({ preset }) => preset?.name),
  uptime_seconds: ofReading('double', 'of the controller', ({ uptimeSeconds }) => uptimeSeconds),
  hashrate: ofReading('double', 'H/s', ({ hashrate }) => hashrate),
  hashrate_nominal: ofReading('double', 'H/s', ({ hashrateNominal }) => hashrateNominal),
  power_watts: ofReading('double', 'W', ({ powerWatts }) => powerWatts),
  chip_temperature: ofReading('double', 'hottest chip, degrees Celsius', ({ chip }) => chip.max),
  fan_duty_ratio: ofReading('double', '0 to 1', ({ fanDutyRatio }) => fanDutyRatio),
  hardware_error_ratio: ofReading('double', '0 to 1', ({ hardwareErrorRatio }) => hardwareErrorRatio),
  restarts: ofReading('double', 'as the firmware counts them', ({ restarts }) => restarts),
  restart_required: ofReading('bool', 'the firmware waits for a restart', ({ restartRequired }) => restartRequired),
  locate_on: ofReading('bool', 'its light is on', ({ locateOn }) => locateOn),
  profit_usd_per_day: { type: 'double', about: 'USD a day at present prices', fromReading: true, read: (_miner, { profitUsdPerDay }) => profitUsdPerDay },
};

/** Functions and macros that cost next to nothing: a pattern of `matches` could take for ever, a loop in a loop long enough. */
const allowedCalls: ReadonlySet<string> = new Set(['has', 'startsWith', 'endsWith', 'contains', 'lowerAscii', 'size', 'double', 'string']);

const environment = Object.entries(facts).reduce(
  (made, [name, { type, about }]) => made.registerVariable(name, type, { description: about }),
  new Environment({ limits: { maxAstNodes: 200, maxDepth: 30, maxListElements: 150 } }),
);

/** Says whether a miner fits. What it does not tell fits nothing, nor the opposite of anything. */
export type Fits = (miner: Miner, isFresh: boolean, also: Also) => boolean;

/** @param field where the expression stands, for the error. @throws HashfleetError payload_invalid */
export function compileExpression(text: string, field: string): Fits {
  const invalid = (why: string) => new HashfleetError('payload_invalid', `${field}: ${why}. Write for example ${example}.`, { field, given: text, allowed: Object.keys(facts).join(', ') });
  const checked = environment.check(text);
  if (!checked.valid) throw invalid(reasonOf(checked.error));
  if (checked.type !== 'bool') throw invalid(`it gives a ${checked.type ?? 'value'}, not true or false`);
  const run = environment.parse(text);
  const call = foreignCall(run.ast);
  if (call !== undefined) throw invalid(`"${call}" cannot be used here, only ${[...allowedCalls].join(', ')}`);
  return (miner, isFresh, also) => {
    const known: Record<string, unknown> = {};
    for (const [name, fact] of Object.entries(facts)) {
      const value = fact.fromReading === true && !isFresh ? undefined : fact.read(miner, also);
      if (value !== undefined) known[name] = value;
    }
    try {
      return run(known) === true;
    } catch {
      // It asks for what the miner did not tell.
      return false;
    }
  };
}

const example = 'state == "mining" && chip_temperature > 80.0';

function reasonOf(error: Error | undefined): string {
  const [first = 'it cannot be read'] = (error?.message ?? '').split('\n');
  const unknown = /^Unknown variable: (\S+)/.exec(first)?.[1];
  if (unknown !== undefined) return `"${unknown}" is not known; there are ${Object.keys(facts).join(', ')}`;
  if (first.includes('Unexpected character: =')) return 'one "=" compares nothing; write "=="';
  return first.replace(/^[A-Z]/, (letter) => letter.toLowerCase());
}

function foreignCall(node: ASTNode): string | undefined {
  const { op, args } = node as { op: string; args: unknown };
  if ((op === 'call' || op === 'rcall') && Array.isArray(args) && !allowedCalls.has(String(args[0]))) return String(args[0]);
  return (Array.isArray(args) ? args.flat(2) : [args]).map((part) => (isNode(part) ? foreignCall(part) : undefined)).find((found) => found !== undefined);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}
