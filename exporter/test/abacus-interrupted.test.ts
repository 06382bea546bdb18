/** What an interruption leaves behind: a bootstrap goes on where it was, and no row that waits is lost. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { startAbacus, type Abacus } from '@hashfleet/simulator/abacus/abacus';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { abacusBackend, type AbacusBackend } from '../src/advice/abacus/backend.ts';
import { bootstrap, type AbacusState } from '../src/advice/abacus/bootstrap.ts';
import { createAbacusClient } from '../src/advice/abacus/client.ts';
import { abacusFile, readAbacusState } from '../src/advice/abacus/open.ts';
import { openPseudonym, type AbacusRow } from '../src/advice/abacus/rows.ts';
import { openSpool } from '../src/advice/abacus/spool.ts';
import { embeddedBackend } from '../src/advice/backend.ts';
import { temporaryFolder } from './command.ts';
import { recordingLog, silent } from './fixtures.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function stub(): Promise<Abacus> {
  const abacus = await startAbacus();
  closing.push(async () => abacus.close());
  return abacus;
}

/** One run of the command, and what it kept whether it came to the end or not. */
async function attempt(abacus: Abacus, state: AbacusState | undefined, mostLooks = 100): Promise<{ kept: AbacusState | undefined; problem: unknown }> {
  const client = createAbacusClient({ server: abacus.url, apiKey: abacus.apiKey, requestsPerSecond: 1000, callsPerDay: 10_000, timeoutMs: 5000 });
  closing.push(async () => client.close());
  let kept = state;
  const folder = temporaryFolder();
  const keep = (made: AbacusState) => {
    // As the next run reads it from disk: what is not kept there is gone.
    writeFileSync(abacusFile(folder), JSON.stringify(made));
    kept = readAbacusState(folder);
  };
  const problem: unknown = await bootstrap({ client, tableName: 'hashfleet_hours', retentionHours: 8760, state, say: () => undefined, keep, lookMs: 1, mostLooks }).then(() => undefined, (thrown: unknown) => thrown);
  return { kept, problem };
}

const asked = (abacus: Abacus, name: string) => abacus.calls.filter(({ action }) => action === name).length;
const row = (key: string): AbacusRow => ({ row_key: key, ts: '2026-11-24T00:00:00.000Z', miner_id: 'm0', model: 'l9', preset: '3360', promised_hashrate: 16e9, promised_power: 3360 });

describe('a bootstrap that is stopped', () => {
  test('while a model trains waits for that model the next time, and trains no second one', async () => {
    const abacus = await stub();
    const first = await attempt(abacus, undefined, 1);
    expect(String(first.problem)).toContain('still pending');
    const second = await attempt(abacus, first.kept);
    expect(second.problem).toBeUndefined();
    expect({ models: asked(abacus, 'trainModel'), deployments: asked(abacus, 'createDeployment'), tokens: asked(abacus, 'createDeploymentToken') }).toEqual({ models: 2, deployments: 2, tokens: 2 });
  });

  test('while a deployment starts waits for that one, which costs money by then', async () => {
    const abacus = await stub();
    abacus.fault('404', { action: 'describeDeployment', times: 1 });
    const first = await attempt(abacus, undefined);
    expect(first.problem).toBeDefined();
    expect((await attempt(abacus, first.kept)).problem).toBeUndefined();
    expect({ models: asked(abacus, 'trainModel'), deployments: asked(abacus, 'createDeployment') }).toEqual({ models: 2, deployments: 2 });
  });

  test.each(['createDeploymentToken', 'createModelMonitor'])('at %s makes it the next time', async (action) => {
    const abacus = await stub();
    abacus.fault('404', { action, times: 1 });
    const first = await attempt(abacus, undefined);
    expect(first.problem).toBeDefined();
    const second = await attempt(abacus, first.kept);
    expect([second.problem, Object.keys(second.kept?.deployments ?? {})]).toEqual([undefined, ['hashrate_ratio', 'power_ratio']]);
    // One that failed and one for each target.
    expect({ models: asked(abacus, 'trainModel'), [action]: asked(abacus, action) }).toEqual({ models: 2, [action]: 3 });
  });
});

describe('rows that wait', () => {
  test('are not glued to a line that was cut off', () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'abacus.spool.jsonl');
    writeFileSync(file, `${JSON.stringify(row('m0|1'))}\n{"row_key":"m0|2","t`);
    openSpool(folder, { most: 100, log: silent }).add([row('m0|3'), row('m0|4')]);
    expect(openSpool(folder, { most: 100, log: silent }).next(10).map(({ row_key: key }) => key)).toEqual(['m0|1', 'm0|3', 'm0|4']);
    expect(readFileSync(file, 'utf8').endsWith('\n')).toBe(true);
  });

  test('are no more than allowed after a restart with a lower limit', () => {
    const folder = temporaryFolder();
    openSpool(folder, { most: 100, log: silent }).add(['1', '2', '3', '4'].map(row));
    const spool = openSpool(folder, { most: 2, log: silent });
    expect([spool.waiting, spool.dropped, spool.next(10).map(({ row_key: key }) => key)]).toEqual([2, 2, ['3', '4']]);
  });
});

test('an outage is said once, however many rounds it lasts, and its end is said', async () => {
  const abacus = await stub();
  const { kept } = await attempt(abacus, undefined);
  const { log, lines } = recordingLog();
  const folder = temporaryFolder();
  const backend: AbacusBackend = abacusBackend({
    embedded: embeddedBackend(), streaming: { featureGroupId: kept?.featureGroupId ?? '', streamingToken: kept?.streamingToken ?? '' },
    deployments: Object.fromEntries(Object.entries(kept?.deployments ?? {}).map(([target, { deploymentId, deploymentToken }]) => [target, { deploymentId, deploymentToken }])),
    client: { server: abacus.url, requestsPerSecond: 1000, callsPerDay: 10_000, timeoutMs: 5000 }, refreshMs: 600_000, pseudonym: openPseudonym(folder), spool: openSpool(folder, { most: 100, log }), log,
  });
  closing.push(async () => backend.close());
  const settings = [{ miner: 'a', model: 'l9', preset: '3360', promised: { hashrate: 16e9, powerWatts: 3360 }, inletTemperature: undefined }];
  abacus.fault('404', { action: 'predictMultiple' });
  await backend.refresh(settings);
  await backend.refresh(settings);
  expect(lines.map(({ msg }) => msg)).toEqual(['Abacus does not answer; the embedded model does']);
  abacus.fault(undefined);
  await backend.refresh(settings);
  expect(lines.map(({ msg }) => msg)).toEqual(['Abacus does not answer; the embedded model does', 'Abacus answers again']);
});
