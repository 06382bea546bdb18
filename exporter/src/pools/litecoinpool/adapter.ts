import { factsOf } from '../../config/pool-types.ts';
import type { AdapterOptions } from '../adapters.ts';
import { poolHttp } from '../http.ts';
import { PoolFailure, type PoolAdapter } from '../pool.ts';
import { documentOf, parseDocument } from './parse.ts';

/** litecoinpool.org: one request tells everything. */
export function litecoinpoolAdapter({ name, baseUrl, apiKey, mismatch, now = Date.now }: AdapterOptions): PoolAdapter {
  const http = baseUrl === '' ? undefined : poolHttp(baseUrl);
  return {
    name,
    type: 'litecoinpool',
    capabilities: factsOf('litecoinpool').tells,
    async read(signal) {
      if (http === undefined || apiKey === undefined) throw new PoolFailure('disabled', 'base_url is empty: the adapter is off');
      const document = documentOf(await http.getJson(`/api?api_key=${encodeURIComponent(apiKey)}`, signal));
      return { observedAt: now(), ...parseDocument(document, mismatch) };
    },
    async close() {
      await http?.close();
    },
  };
}
