/** Which miners an order is for, when it names properties in place of miners. Pure. */
import { HashfleetError, messageOf } from '../errors.ts';
import type { GroupsConfig } from '../config/schema.ts';
import type { Miner } from '../fleet/fleet.ts';
import { compileExpression, type Also, type Fits } from './expression.ts';

/** Every property that is given has to fit; of several values any. What a miner does not tell fits nothing. */
export interface Selection {
  readonly names?: readonly string[] | undefined;
  readonly site?: readonly string[] | undefined;
  readonly rack?: readonly string[] | undefined;
  readonly circuit?: readonly string[] | undefined;
  readonly model?: readonly string[] | undefined;
  readonly state?: readonly string[] | undefined;
  readonly preset?: readonly string[] | undefined;
  /** Groups of fleet.yaml. */
  readonly group?: readonly string[] | undefined;
  /** See expression.ts. */
  readonly expression?: string | undefined;
}

export interface SelectContext {
  readonly groups: GroupsConfig;
  /** Whether state, preset and all else of the last reading still count. */
  readonly isFresh: (miner: Miner) => boolean;
  /** USD a day; absent where money is not known. */
  readonly profitOf?: ((miner: Miner) => number | undefined) | undefined;
}

type Listed = Exclude<keyof Selection, 'group' | 'expression'>;

const readers: Readonly<Record<Listed, (miner: Miner, isFresh: boolean) => string | undefined>> = {
  names: ({ config }) => config.name,
  site: ({ config }) => config.site,
  rack: ({ config }) => config.rack,
  circuit: ({ config }) => config.circuit,
  model: ({ model }) => model,
  state: ({ reading }, isFresh) => (isFresh ? reading?.state : undefined),
  preset: ({ reading }, isFresh) => (isFresh ? reading?.preset?.name : undefined),
};
const fields = [...Object.keys(readers) as Listed[], 'group', 'expression'] as const;

/** Names in the fleet's order. @throws HashfleetError payload_invalid for a name that is no miner's or no group's, a wrong expression, and where nothing fits. */
export function select(miners: Iterable<Miner>, selection: Selection, context: SelectContext): string[] {
  const all = [...miners];
  const given = fields.filter((field) => selection[field] !== undefined);
  if (given.length === 0) throw new HashfleetError('payload_invalid', 'select: nothing is asked for, which would be every miner.', { field: 'select', allowed: fields.join(', ') });
  const unknown = selection.names?.find((name) => !all.some(({ config }) => config.name === name));
  if (unknown !== undefined) throw new HashfleetError('payload_invalid', `select.names: there is no miner "${unknown}". GET /api/v1/rigs lists them.`, { field: 'select.names', given: unknown });
  const tests = given.map((field) => test(field, selection, context));
  const chosen = all.filter((miner) => tests.every((fits) => fits(miner)));
  if (chosen.length === 0) {
    const asked = given.map((field) => `${field} ${field === 'expression' ? selection.expression ?? '' : (selection[field] ?? []).join(' or ')}`);
    throw new HashfleetError('payload_invalid', `select: no miner fits ${asked.join(', ')}.`, { field: 'select', given: selection });
  }
  return chosen.map(({ config }) => config.name);
}

/** @throws HashfleetError config_invalid for an expression that cannot be read. */
export function checkGroups(groups: GroupsConfig): void {
  for (const [name, { expression }] of Object.entries(groups)) {
    if (expression === undefined) continue;
    try {
      compileExpression(expression, `groups.${name}.expression`);
    } catch (thrown) {
      throw new HashfleetError('config_invalid', messageOf(thrown), { cause: thrown });
    }
  }
}

function test(field: (typeof fields)[number], selection: Selection, context: SelectContext): (miner: Miner) => boolean {
  if (field === 'expression') return byExpression(compileExpression(selection.expression ?? '', 'select.expression'), context);
  if (field === 'group') {
    const groups = (selection.group ?? []).map((name) => inGroup(name, context));
    return (miner) => groups.some((fits) => fits(miner));
  }
  const wanted = new Set(selection[field]);
  return (miner) => {
    const value = readers[field](miner, context.isFresh(miner));
    return value !== undefined && wanted.has(value);
  };
}

function inGroup(name: string, context: SelectContext): (miner: Miner) => boolean {
  const group = Object.hasOwn(context.groups, name) ? context.groups[name] : undefined;
  if (group === undefined) throw new HashfleetError('payload_invalid', `select.group: there is no group "${name}".`, { field: 'select.group', given: name, allowed: Object.keys(context.groups).join(', ') || 'none: fleet.yaml has no section "groups"' });
  const names = new Set(group.miners);
  const fits = group.expression === undefined ? undefined : byExpression(compileExpression(group.expression, `groups.${name}.expression`), context);
  return (miner) => names.has(miner.config.name) || fits?.(miner) === true;
}

function byExpression(fits: Fits, { groups, isFresh, profitOf }: SelectContext): (miner: Miner) => boolean {
  return (miner) => fits(miner, isFresh(miner), {
    get groups() {
      return Object.entries(groups).flatMap(([name, { miners = [] }]) => (miners.includes(miner.config.name) ? [name] : []));
    },
    get profitUsdPerDay() {
      return profitOf?.(miner);
    },
  } satisfies Also);
}
