/** Which pool a miner works for: the one in use, and the list. */
import { isDeepStrictEqual } from 'node:util';
import type { Miner } from '../fleet/fleet.ts';
import { poolAddress, withoutLogin, type PoolEntry } from '../miners/driver.ts';
import type { PoolReading } from '../miners/reading.ts';
import type { MinerSettings } from '../miners/settings.ts';
import type { Action, ParameterMistake, Parameters, PoolTarget } from './actions.ts';
import { describe, from, isHashing, untilHashing } from './verdicts.ts';

const userPools = (pools: readonly PoolReading[]) => pools.filter(({ kind }) => kind === 'user').sort((a, b) => a.slot - b.slot);
const isActive = ({ status }: PoolReading) => status === 'active';

/** The miner's pool that is meant, by address or by position from 1. */
function chosen(pools: readonly PoolReading[], wanted: string | number | undefined): PoolReading | undefined {
  const own = userPools(pools);
  return typeof wanted === 'number' ? own[wanted - 1] : own.find(({ url }) => poolAddress(url) === poolAddress(wanted ?? ''));
}

const schemes = ['stratum+tcp', 'stratum+ssl', 'stratum+tls'];
const mostPools = 8;
/** By then a miner that was told to restart has begun to (vnish-api.md, 6.2). */
const restartAwaitedSeconds = 60;

function mistakeOf({ pools }: Parameters): ParameterMistake | undefined {
  if (pools === undefined || pools.length === 0 || pools.length > mostPools) return { field: 'parameters.pools', message: 'The action "set_pools" needs parameters.pools.', allowed: `the whole list, 1 to ${mostPools} of {url, worker, password}` };
  for (const [place, { url, worker }] of pools.entries()) {
    const field = `parameters.pools[${place}]`;
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    const plain = parsed !== undefined && schemes.includes(parsed.protocol.slice(0, -1)) && parsed.hostname !== '' && parsed.port !== '' && parsed.username === '' && parsed.password === '' && /^\/?$/.test(parsed.pathname) && parsed.search === '' && parsed.hash === '';
    if (!plain) return { field: `${field}.url`, message: `${field}.url is no address of a pool: ${withoutLogin(url)}.`, allowed: `an address as stratum+tcp://ltc.viabtc.io:3333 (${schemes.join(', ')}), without a login` };
    const unknown = /\{(?!(?:miner|worker)\})[^}]*\}/.exec(worker)?.[0];
    if (worker.trim() === '' || unknown !== undefined) return { field: `${field}.worker`, message: `${field}.worker ${unknown === undefined ? 'is empty' : `has ${unknown}, which is unknown`}.`, allowed: 'the user or worker at the pool, with {miner} and {worker} filled in for each miner' };
  }
  return undefined;
}

function filled(text: string, { config }: Miner): string {
  return text.replaceAll('{miner}', config.name).replaceAll('{worker}', config.pool_worker ?? config.name);
}

/** A password's options may name the worker, as ProHashing's n= does. */
function entriesFor(miner: Miner, pools: readonly PoolTarget[]): PoolEntry[] {
  return pools.map(({ url, worker, password }) => ({ url, user: filled(worker, miner), ...(password === undefined ? {} : { password: filled(password, miner) }) }));
}

const told = (list: readonly { url: string; user: string }[]) => list.map(({ url, user }) => ({ url: poolAddress(withoutLogin(url)), user }));
const isSet = (settings: MinerSettings, wanted: readonly PoolEntry[]) => isDeepStrictEqual(told(settings.pools), told(wanted));

export const poolActions = {
  switch_pool: {
    risk: 'takes_over', undo: 'switch_pool, to the one before', needs: ['login'],
    disruptive: false, confirm: 'always', usualSeconds: 20, longestSeconds: 120, changes: [],
    mistake: ({ pool }) => (pool === undefined || pool === '' || (typeof pool === 'number' && pool < 1) ? { field: 'parameters.pool', message: 'The action "switch_pool" needs parameters.pool.', allowed: 'the address of one of the miner\'s pools, or its position from 1' } : undefined),
    assess({ reading }, { pool: wanted }) {
      const pools = userPools(reading?.pools ?? []);
      const target = chosen(pools, wanted);
      if (reading?.state === 'stopped') return { skip: 'stopped: it works for no pool' };
      if (target === undefined) return { skip: `it has no pool ${typeof wanted === 'number' ? `at position ${wanted}` : `"${withoutLogin(wanted ?? '')}"`}; it has ${pools.length === 0 ? 'none' : pools.map(({ url }) => withoutLogin(url)).join(', ')}` };
      if (isActive(target)) return { skip: `already works for ${withoutLogin(target.url)}` };
      return {
        changes: [{ field: 'pool in use', ...from(pools.filter(isActive).map(({ url }) => withoutLogin(url))[0]), to: withoutLogin(target.url) }],
        ...(target.status === 'offline' ? { warning: 'The miner says that this pool is offline.' } : {}),
      };
    },
    command: ({ pool }, { miner }) => ({ action: 'switch_pool', slot: chosen(miner.reading?.pools ?? [], pool)?.slot ?? -1 }),
    verify({ after }, { pool }) {
      const target = chosen(after.pools, pool);
      if (target !== undefined && isActive(target)) return { verdict: 'verified', detail: `works for ${withoutLogin(target.url)}` };
      return { verdict: 'pending', detail: `the pool is ${target?.status ?? 'not told'}` };
    },
  },
  set_pools: {
    risk: 'takes_over', undo: 'settings_restore, from the backup kept before it', stepUp: true, needs: ['login', 'settings'], reads: ['settings'], backsUp: true,
    disruptive: true, confirm: 'always', usualSeconds: 180, longestSeconds: 480, changes: ['pool', 'mining'],
    mistake: mistakeOf,
    assess(miner, { pools = [] }, { facts: { settings } }) {
      if (settings === undefined) return { skip: 'its settings are not known' };
      const wanted = entriesFor(miner, pools);
      if (isSet(settings, wanted) && wanted.every(({ password }) => password === undefined)) return { skip: 'already has these pools' };
      const places = Math.max(wanted.length, settings.pools.length);
      const text = (pool: { url: string; user: string } | undefined) => (pool === undefined ? 'none' : `${withoutLogin(pool.url)} as ${pool.user}`);
      return {
        changes: Array.from({ length: places }, (_, place) => {
          const [now, next] = [settings.pools[place], wanted[place]];
          return { field: `pool ${place + 1}`, from: text(now), to: `${text(next)}${next === undefined ? '' : next.password === undefined ? '' : ', with a new password'}` };
        }),
        warning: miner.reading?.state === 'stopped' ? 'It is stopped: the pools count from its next start.' : 'Mining restarts with the new pools.',
      };
    },
    command: ({ pools = [] }, { miner }) => ({ action: 'set_pools', pools: entriesFor(miner, pools), restart: miner.reading?.state !== 'stopped' }),
    verify(evidence, { pools = [] }, { miner }) {
      const { after, facts: { settings }, leftMining, before } = evidence;
      const wanted = entriesFor(miner, pools);
      if (settings === undefined) return { verdict: 'pending', detail: 'its settings cannot be read' };
      if (!isSet(settings, wanted)) return { verdict: 'pending', detail: 'the settings do not show the pools yet' };
      if (after.state === 'failure') return untilHashing(after, true);
      if (after.state === 'stopped' && before?.state === 'stopped') return { verdict: 'verified', detail: 'the pools are set, stopped' };
      const active = userPools(after.pools).find(isActive);
      const isWanted = active !== undefined && wanted.some(({ url, user }) => poolAddress(url) === poolAddress(active.url) && user === active.user);
      // The answer to the write was lost, and with it the restart that applies it.
      if (after.restartRequired === true && !leftMining) {
        const detail = 'the pools are set, and the miner waits for a restart of mining (restart_mining)';
        return { verdict: evidence.elapsed > restartAwaitedSeconds ? 'failed' : 'pending', detail };
      }
      // Pools of before may show until mining has restarted.
      if (!isHashing(after) || !isWanted) return { verdict: 'pending', detail: active === undefined ? `the pools are set; no pool is in use (${describe(after)})` : `the pools are set; it still works for ${withoutLogin(active.url)}` };
      return { verdict: 'verified', detail: `works for ${withoutLogin(active.url)} as ${active.user}${leftMining ? '' : ', without a restart'}` };
    },
  },
} satisfies Record<'switch_pool' | 'set_pools', Action>;
