/** The pools there are: whose shares they take, how they pay, and who may ask. Fees of ProHashing: prohashing-api.md 3.1; all else is [S]. */
import type { AccountOptions } from './account.ts';
import type { Facade, PoolIdentity } from './facade.ts';
import { f2poolFacade } from './f2pool.ts';
import { litecoinpoolFacade } from './litecoinpool.ts';
import type { MinedCoin } from './market.ts';
import { nicehashFacade } from './nicehash.ts';
import { fakeApiKey, prohashingFacade } from './prohashing.ts';
import { viabtcFacade } from './viabtc.ts';

export const poolKinds = ['prohashing', 'litecoinpool', 'viabtc', 'f2pool', 'nicehash'] as const;
export type PoolKind = (typeof poolKinds)[number];

export function isPoolKind(text: unknown): text is PoolKind {
  return typeof text === 'string' && (poolKinds as readonly string[]).includes(text);
}

/** What a test may want otherwise; everything has a default. */
export interface PoolSettings extends Partial<Omit<AccountOptions, 'seed' | 'startMs' | 'market'>>, Partial<PoolIdentity> {}

export interface KindFacts {
  /** Every stratum host of the pool has it in its name (prohashing-api.md 4, 7). */
  readonly host: string;
  /** For `fleet.yaml` and miners of a mine. */
  readonly stratum: string;
  readonly account: Omit<AccountOptions, 'seed' | 'startMs' | 'market' | 'opening' | 'settleMs'>;
  readonly identity: PoolIdentity;
  facade(thresholds: Readonly<Record<MinedCoin, number>>): Facade;
}

const zeros = (tail: string, length: number) => tail.padStart(length, '0');

export const kinds: Readonly<Record<PoolKind, KindFacts>> = {
  prohashing: {
    host: 'prohashing', stratum: 'us.mining.prohashing.com:3333',
    account: { pay: 'by_password', fees: { pps: 0.0399, pplns: 0.0199, solo: 0.0199 }, poolHashrate: 1.38e12, windowFactor: 1, payoutHour: 0, thresholds: { LTC: 0.5, DOGE: 250 } },
    identity: { apiKey: fakeApiKey, secretKey: '', user: 'demo' },
    facade: prohashingFacade,
  },
  litecoinpool: {
    host: 'litecoinpool', stratum: 'us.litecoinpool.org:3333',
    account: { pay: 'pps', fees: { pps: 0.02, pplns: 0.02, solo: 0.02 }, poolHashrate: 2e13, windowFactor: 1, payoutHour: 6, thresholds: { LTC: 0.05, DOGE: 40 } },
    identity: { apiKey: zeros('11ecf00d', 32), secretKey: '', user: 'demo' },
    facade: () => litecoinpoolFacade,
  },
  viabtc: {
    host: 'viabtc', stratum: 'ltc.viabtc.io:3333',
    account: { pay: 'pplns', fees: { pps: 0.04, pplns: 0.02, solo: 0.01 }, poolHashrate: 5e14, windowFactor: 1, payoutHour: 2, thresholds: { LTC: 0.1, DOGE: 100 } },
    identity: { apiKey: zeros('0b7cf00d', 32), secretKey: zeros('5ec2e7f00d', 64), user: 'demo' },
    facade: () => viabtcFacade,
  },
  f2pool: {
    host: 'f2pool', stratum: 'ltc.f2pool.com:3335',
    account: { pay: 'pps', fees: { pps: 0.04, pplns: 0.025, solo: 0.02 }, poolHashrate: 4e14, windowFactor: 1, payoutHour: 4, thresholds: { LTC: 0.02, DOGE: 40 } },
    identity: { apiKey: zeros('f2f00d', 32), secretKey: '', user: 'demo' },
    facade: () => f2poolFacade,
  },
  nicehash: {
    host: 'nicehash', stratum: 'scrypt.auto.nicehash.com:9200',
    // Paid out in one piece: an account of BTC has one threshold.
    account: { pay: 'pps', fees: { pps: 0.02, pplns: 0.02, solo: 0.02 }, poolHashrate: 2e13, windowFactor: 1, payoutHour: 8, thresholds: { LTC: 0, DOGE: 0 } },
    identity: { apiKey: '00000000-0000-4000-8000-00000000f00d', secretKey: `00000000-0000-4000-8000-${zeros('5ec2e7f00d', 12)}`, organization: '00000000-0000-4000-8000-0000000fa23d', user: 'demo' },
    facade: nicehashFacade,
  },
};

/** The pool that a stratum URL names. */
export function kindOf(url: string): PoolKind | undefined {
  return poolKinds.find((kind) => url.includes(kinds[kind].host));
}
