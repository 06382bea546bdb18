/** All pools of one simulated world: one market, an account at each pool, and the shares on their way to the right one. No sockets. */
import type { ShareSink } from '../miner/state.ts';
import { seedFor } from '../random.ts';
import type { Account } from './account.ts';
import { createAccount } from './account.ts';
import type { Asked, PoolAnswer, PoolIdentity } from './facade.ts';
import { kindOf, kinds } from './kinds.ts';
import type { PoolKind, PoolSettings } from './kinds.ts';
import type { Market } from './market.ts';
import { createMarket } from './market.ts';

/** One pool with its account and its API, asked without a network. */
export interface PoolDesk {
  readonly kind: PoolKind;
  readonly account: Account;
  readonly identity: PoolIdentity;
  /** As the pool's API would, after all shares up to `timeMs` have become money. */
  answer(asked: { readonly path: string } & Partial<Omit<Asked, 'path' | 'query' | 'rawQuery'>> & { readonly timeMs: number }): PoolAnswer;
}

/** Work that reached no pool of ours: by URL and worker, in share difficulty. */
export interface Elsewhere { readonly url: string; readonly worker: string; readonly difficulty: number }

export interface House {
  readonly market: Market;
  readonly desks: ReadonlyMap<PoolKind, PoolDesk>;
  readonly sink: ShareSink;
  /** @throws Error that says which pools there are. */
  desk(kind: PoolKind): PoolDesk;
  settle(timeMs: number): void;
  elsewhere(): readonly Elsewhere[];
}

export interface HouseOptions {
  readonly seed: number;
  readonly startMs: number;
  /** Shares become money in steps of so long, ms. Default a minute. */
  readonly settleMs?: number;
  readonly market?: Market;
  readonly pools: Readonly<Partial<Record<PoolKind, PoolSettings>>>;
}

function createDesk(kind: PoolKind, settings: PoolSettings, world: { readonly seed: number; readonly startMs: number; readonly settleMs: number; readonly market: Market }): PoolDesk {
  const facts = kinds[kind];
  const { apiKey = facts.identity.apiKey, secretKey = facts.identity.secretKey, user = facts.identity.user, organization = facts.identity.organization, ...own } = settings;
  const identity: PoolIdentity = { apiKey, secretKey, user, ...(organization === undefined ? {} : { organization }) };
  const seed = seedFor(world.seed, kind);
  const options = { opening: {}, ...facts.account, ...world, ...own, seed };
  const account = createAccount(options);
  const facade = facts.facade(options.thresholds);
  return {
    kind, account, identity,
    answer: ({ path, timeMs, ...asked }) => {
      account.settle(timeMs);
      const [pathname = '/', rawQuery = ''] = path.split('?');
      return facade({ account, market: world.market, identity, seed }, { method: 'GET', headers: {}, body: '', ...asked, timeMs, path: pathname, query: new URLSearchParams(rawQuery), rawQuery });
    },
  };
}

export function createHouse({ seed, startMs, settleMs = 60_000, pools, market = createMarket({ seed }) }: HouseOptions): House {
  const desks = new Map<PoolKind, PoolDesk>();
  for (const [kind, settings] of Object.entries(pools) as [PoolKind, PoolSettings][]) desks.set(kind, createDesk(kind, settings, { seed, startMs, settleMs, market }));
  const lost = new Map<string, { url: string; worker: string; difficulty: number }>();
  /** Looking a URL up is done millions of times in a long run. */
  const byUrl = new Map<string, Account | null>();
  const accountFor = (url: string): Account | null => {
    const known = byUrl.get(url);
    if (known !== undefined) return known;
    const kind = kindOf(url);
    const account = (kind === undefined ? undefined : desks.get(kind)?.account) ?? null;
    byUrl.set(url, account);
    return account;
  };
  return {
    market,
    desks,
    desk: (kind) => {
      const desk = desks.get(kind);
      if (desk === undefined) throw new Error(`the pool ${kind} does not run; running: ${[...desks.keys()].join(', ') || 'none'}`);
      return desk;
    },
    sink: {
      credit: (shares) => {
        const account = accountFor(shares.url);
        if (account !== null) {
          account.credit(shares);
          return;
        }
        const key = `${shares.url} ${shares.worker}`;
        const sum = lost.get(key) ?? { url: shares.url, worker: shares.worker, difficulty: 0 };
        sum.difficulty += shares.difficulty;
        lost.set(key, sum);
      },
    },
    settle: (timeMs) => {
      for (const { account } of desks.values()) account.settle(timeMs);
    },
    elsewhere: () => [...lost.values()].sort((a, b) => (`${a.url} ${a.worker}` < `${b.url} ${b.worker}` ? -1 : 1)),
  };
}
