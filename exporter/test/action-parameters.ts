/** Valid parameters of every action that needs some. */
import type { ActionName, Parameters } from '../src/control/actions.ts';

export const anyParameters: Readonly<Partial<Record<ActionName, Parameters>>> = {
  preset: { preset: '2850' }, throttle: { percent: 60 }, switch_pool: { pool: 2 }, set_pools: { pools: [{ url: 'stratum+tcp://ltc.viabtc.io:3333', worker: 'acct.{miner}', password: 'pool-password-1' }] },
  cooling: { cooling: { targetCelsius: 65 } }, hostname: { hostname: 'rack-{miner}' }, notes: { note: { key: 'rack', text: 'A4' } }, password: { credentials: 'fresh' },
  api_keys: { apiKey: { name: 'grafana' } }, autotune_reset: { presets: ['2600'] }, firmware_update: { file: 'none.tar.gz' },
};
