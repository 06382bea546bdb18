import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { createLogger } from '../src/log.ts';
import { routes } from '../src/http/routes.ts';
import { until } from './fixtures.ts';
import { run, simulated, spec, tokens } from './running.ts';

/** Each is easily found and looks like nothing else. */
const secrets = {
  MINER_PASSWORD: 'pw-zebra-4711', WRONG_PASSWORD: 'pw-giraffe-0815', POOL_KEY: 'feedc0de0123456789', BAD_KEY: 'badc0ffee987654321',
  READ_TOKEN: tokens.read, OPERATE_TOKEN: tokens.operate, ADMIN_TOKEN: tokens.admin,
};

function filesOf(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name);
    return statSync(file).isDirectory() ? filesOf(file) : [file];
  });
}

describe('secrets', () => {
  test('stand nowhere: not on a page, in a reply, in a log of every level, in the audit log or in the data folder', async () => {
    const simulator = await simulated([spec('good', { password: secrets.MINER_PASSWORD }), spec('locked', { password: 'another' }), spec('stock'), spec('cut'), spec('absent')], { poolApiKey: secrets.POOL_KEY });
    await simulator.miner('stock').inject('stock_fallback');
    await simulator.miner('cut').inject('cut', { path: '/unlock' });
    await simulator.miner('absent').inject('unplugged');
    const lines: Record<string, unknown>[] = [];
    const text: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void text.push(line) });
    const pool = (name: string, key: string, url = simulator.pool.url) => `{name: ${name}, type: prohashing, base_url: "${url}", allow_plain_http: true, api_key_env: ${key}, interval_seconds: 1}`;
    const running = await run(simulator.miners.map(({ name, address }) => `{name: ${name}, address: "${address}", credentials: ${name === 'locked' ? 'wrong' : 'right'}}`), {
      control: '{enabled: true, cooldown_seconds: 0, verify_interval_seconds: 0.1}', environment: secrets, log: { log, lines },
      sections: `credentials: {right: {password_env: MINER_PASSWORD}, wrong: {password_env: WRONG_PASSWORD}}\npools: [${pool('well', 'POOL_KEY')}, ${pool('refused', 'BAD_KEY')}, ${pool('nobody', 'POOL_KEY', 'http://127.0.0.1:9')}, ${pool('tls', 'POOL_KEY', simulator.pool.url.replace('http:', 'https:'))}]`,
    });
    await until('all were tried', async () => [...running.service.fleet.all()].every(({ lastPollAt }) => lastPollAt !== undefined) && running.service.pools.all().every(({ failure, lastSuccessAt }) => failure !== undefined || lastSuccessAt !== undefined)
      && (await running.value('miner_credentials_accepted', { miner: 'locked' })) === 0);
    await simulator.pool.setMode('cut');
    await until('the pool fails too', async () => (await running.value('pool_up', { pool: 'well' })) === 0);

    const seen: string[] = [await running.page()];
    for (const where of ['/sd', '/', '/-/ready']) seen.push(await (await fetch(`http://127.0.0.1:${running.service.metricsPort}${where}`)).text());
    // A command whose login breaks off may have arrived: it would be looked for for half a minute, so that one is only planned.
    const planned = (action: string, miner: string) => action !== 'locate' || miner === 'cut';
    for (const action of ['locate', 'restart_mining', 'pause']) {
      for (const miner of simulator.miners.map(({ name }) => name)) seen.push((await running.api('/actions', { json: { action, miners: [miner], parameters: action === 'locate' ? { on: true } : {}, dryRun: planned(action, miner) } })).text);
    }
    await until('the jobs are over', async () => ((await running.api('/jobs')).body['jobs'] as { state: string }[]).every(({ state }) => state === 'finished'));
    for (const { path: route } of routes.filter(({ method }) => method === 'get')) {
      for (const miner of simulator.miners.map(({ name }) => name)) seen.push((await running.api(route.replace('{name}', miner).replace('{id}', 'x'))).text);
    }
    seen.push((await running.api('/openapi.json')).text, (await running.api('/rigs', { token: `${tokens.admin}x` })).text, (await running.api('/actions', { body: `{"token":"${tokens.admin}"`, headers: { 'content-type': 'application/json' } })).text);
    await running.stop();
    for (const file of filesOf(running.dataFolder)) seen.push(readFileSync(file, 'utf8'));
    seen.push(text.join(''));

    // It was all there to be seen: the log, the audit log, the failures.
    expect(filesOf(running.dataFolder).map((file) => path.basename(file)).sort()).toEqual(expect.arrayContaining(['alive.json', 'audit.jsonl', 'counters.txt', 'inventory.json', 'miners.json']));
    for (const proof of ['the miner cannot be read', 'bad_key', '"event":"sent"', 'stock_firmware', 'the pool cannot be read']) expect(seen.join('\n')).toContain(proof);
    for (const [name, secret] of Object.entries(secrets)) expect([name, seen.filter((one) => one.includes(secret)).length]).toEqual([name, 0]);
  });

  test('the logger blots out fields that are called like one, wherever they stand', () => {
    const written: string[] = [];
    const log = createLogger({ level: 'trace', destination: { write: (line: string) => void written.push(line) } });
    log.info({ password: 'zebra-1', request: { headers: { authorization: 'Bearer zebra-2', 'x-api-key': 'zebra-3' }, pw: 'zebra-4' }, miner: { apiKey: 'zebra-5', token: 'zebra-6' } }, 'said');
    expect(written.join('')).not.toContain('zebra');
    expect(written.join('').match(/\[redacted\]/g)).toHaveLength(6);
  });
});
