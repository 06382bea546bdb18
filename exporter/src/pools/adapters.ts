/** The adapter of each pool type; what is known of the types themselves is the table of config/pool-types.ts. */
import type { PoolType } from '../config/pool-types.ts';
import type { Mismatch } from '../mismatch.ts';
import { f2poolAdapter } from './f2pool/adapter.ts';
import { litecoinpoolAdapter } from './litecoinpool/adapter.ts';
import { nicehashAdapter } from './nicehash/adapter.ts';
import type { PoolAdapter } from './pool.ts';
import { prohashingAdapter } from './prohashing/adapter.ts';
import { viabtcAdapter } from './viabtc/adapter.ts';

/** What an adapter is made from. That a type has what it needs has been checked (poolMistakes). */
export interface AdapterOptions {
  readonly name: string;
  /** Empty: off; nothing is ever dialled (prohashing-api.md, 0). */
  readonly baseUrl: string;
  /** Empty or absent: off. */
  readonly wampUrl?: string;
  readonly apiKey: string | undefined;
  readonly apiSecret?: string | undefined;
  readonly user?: string | undefined;
  readonly organization?: string | undefined;
  /** How often it is read, ms. */
  readonly intervalMs: number;
  readonly mismatch: Mismatch;
  /** Unix ms. */
  readonly now?: () => number;
}

export const adapters: Readonly<Record<PoolType, (options: AdapterOptions) => PoolAdapter>> = {
  prohashing: prohashingAdapter,
  litecoinpool: litecoinpoolAdapter,
  viabtc: viabtcAdapter,
  f2pool: f2poolAdapter,
  nicehash: nicehashAdapter,
};
