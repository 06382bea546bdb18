/** Which miners an order is for, when it names properties in place of miners. Pure. */
import { HashfleetError } from '../errors.ts';
import type { Miner } from '../fleet/fleet.ts';

/** Every property that is given has to fit; of several values any. What a miner does not tell fits nothing. */
export interface Selection {
  readonly names?: readonly string[] | undefined;
  readonly site?: readonly string[] | undefined;
  readonly rack?: readonly string[] | undefined;
  readonly circuit?: readonly string[] | undefined;
  readonly model?: readonly string[] | undefined;
  readonly state?: readonly string[] | undefined;
  readonly preset?: readonly string[] | undefined;
}

/** `isFresh` tells whether state and preset of the last reading still count. */
const readers: { readonly [Key in keyof Selection]-?: (miner: Miner, isFresh: boolean) => string | undefined } = {
  names: ({ config }) => config.name,
  site: ({ config }) => config.site,
  rack: ({ config }) => config.rack,
  circuit: ({ config }) => config.circuit,
  model: ({ model }) => model,
  state: ({ reading }, isFresh) => (isFresh ? reading?.state : undefined),
  preset: ({ reading }, isFresh) => (isFresh ? reading?.preset?.name : undefined),
};
const fields = Object.keys(readers) as (keyof Selection)[];

/** Names in the fleet's order. @throws HashfleetError payload_invalid for a name that is no miner's, and where nothing fits. */
export function select(miners: Iterable<Miner>, selection: Selection, isFresh: (miner: Miner) => boolean): string[] {
  const all = [...miners];
  const given = fields.flatMap((field) => (selection[field] === undefined ? [] : [{ field, wanted: new Set(selection[field]) }]));
  if (given.length === 0) throw new HashfleetError('payload_invalid', 'select: nothing is asked for, which would be every miner.', { field: 'select', allowed: fields.join(', ') });
  const unknown = selection.names?.find((name) => !all.some(({ config }) => config.name === name));
  if (unknown !== undefined) throw new HashfleetError('payload_invalid', `select.names: there is no miner "${unknown}". GET /api/v1/rigs lists them.`, { field: 'select.names', given: unknown });
  const chosen = all.filter((miner) => given.every(({ field, wanted }) => {
    const value = readers[field](miner, isFresh(miner));
    return value !== undefined && wanted.has(value);
  }));
  if (chosen.length === 0) throw new HashfleetError('payload_invalid', `select: no miner fits ${given.map(({ field, wanted }) => `${field} ${[...wanted].join(' or ')}`).join(', ')}.`, { field: 'select', given: selection });
  return chosen.map(({ config }) => config.name);
}
