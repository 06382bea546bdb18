import type { Mismatch } from '../../mismatch.ts';
import { poolHttp } from '../http.ts';
import { PoolFailure, type PoolAdapter } from '../pool.ts';
import { parseStatus, parseWallet, unwrap } from './parse.ts';

export interface ProhashingOptions {
  readonly name: string;
  /** Empty: off; nothing is ever dialled by default (prohashing-api.md, 0). */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly mismatch: Mismatch;
  /** Unix ms. */
  readonly now?: () => number;
}

/** ProHashing's REST side: prices and fees from /status, balances and workers from /walletEx. */
export function prohashingAdapter({ name, baseUrl, apiKey, mismatch, now = Date.now }: ProhashingOptions): PoolAdapter {
  const http = baseUrl === '' ? undefined : poolHttp(baseUrl);
  return {
    name,
    type: 'prohashing',
    capabilities: ['prices', ...(apiKey === undefined ? [] : ['workers', 'balances'] as const)],
    notice: 'ProHashing closed in November 2025; its former domain may belong to somebody else. Use another pool, and give this address no key unless you know who answers there',
    async read(signal) {
      if (http === undefined) throw new PoolFailure('disabled', 'base_url is empty: the adapter is off');
      const status = parseStatus(unwrap(await http.getJson('/api/v1/status', signal)), mismatch);
      const wallet = apiKey === undefined ? {} : parseWallet(unwrap(await http.getJson(`/api/v1/walletEx?apiKey=${encodeURIComponent(apiKey)}`, signal)), mismatch);
      return { observedAt: now(), ...status, ...wallet };
    },
    async close() {
      await http?.close();
    },
  };
}
