/** How a difference is taken back: as an order that can be planned at once, or in words. Pure. */
import type { Drifted } from '../fleet/drift.ts';
import { actionNames, actions, type ActionName } from './actions.ts';
import type { Made } from '../fleet/drift.ts';

/** Of the request of POST /actions. */
export interface ReadyOrder { readonly action: ActionName; readonly miners: readonly string[]; readonly parameters: Readonly<Record<string, unknown>> }

const has = (name: string): name is ActionName => (actionNames as readonly string[]).includes(name);

/** The remedy for people, and the order where one press can do it. */
export function revertOf({ miner, what, known }: Drifted): { readonly remedy: string; readonly order?: ReadyOrder } {
  const miners = [miner];
  if (what === 'preset') {
    const remedy = `action "preset" back to ${known.preset ?? 'the one before'}`;
    return known.preset === undefined || known.preset === 'disabled' ? { remedy } : { remedy, order: { action: 'preset', miners, parameters: { preset: known.preset } } };
  }
  if (what === 'pool') {
    const remedy = 'set the pools back; pools that need a password other than the worker\'s name need it given anew';
    const action = 'set_pools';
    if (!has(action) || known.pools === undefined) return { remedy };
    return { remedy, order: { action, miners, parameters: { pools: known.pools.map(({ url, user }) => ({ url: /^[a-z0-9+]+:\/\//i.test(url) ? url : `stratum+tcp://${url}`, worker: user })) } } };
  }
  if (what === 'settings') return { remedy: 'restore a backup of the settings, or set them at the machine' };
  if (what === 'firmware') return { remedy: `install firmware ${known.firmware ?? ''} again, if nobody of yours changed it` };
  return { remedy: 'somebody changed the password, or fleet.yaml has another now: reset the miner, or correct the password in fleet.yaml' };
}

/** What of a miner a verified action makes so. */
export function madeBy(name: ActionName, by: string): Made {
  const { changes, risk } = actions[name];
  const kinds: readonly string[] = changes;
  const settings = name === 'preset' ? 'tuning' : risk === 'reconfigures' || risk === 'destroys' ? 'all' : 'none';
  return { preset: kinds.includes('preset'), pool: kinds.includes('pool'), firmware: kinds.includes('firmware'), password: name.includes('password') || risk === 'destroys', settings, by };
}
