import { execFileSync } from 'child_process';
import { FieldType, toDataFrame } from '@grafana/data';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import path from 'path';
import type { Alert } from '../../api/alertmanager';
import { ApiError } from '../../api/errors';
import { aRig } from '../../test/builders';
import { discoverCommand, rangeYaml, wrongRange } from './rangeEntry';
import { setupChecks, type Answers, type CheckName } from './setupChecks';

const now = Date.parse('2026-01-02T00:00:00Z');
const frame = (refId: string, value: number) => toDataFrame({ refId, fields: [{ name: 'Time', type: FieldType.time, values: [1] }, { name: 'Value', type: FieldType.number, values: [value] }] });

const good: Answers = {
  health: { data: { status: 'ok', version: '1.2.3', miners: { configured: 1, up: 1 }, control: { enabled: true, readOnly: false }, scope: 'read' } },
  rigs: { data: [aRig()] },
  series: { data: [frame('A', 1), frame('B', 1)] },
  alerts: { data: [{ labels: { alertname: 'Watchdog' } } as unknown as Alert] },
  pools: { data: [{ pool: 'p', type: 'p', up: true, workers: [] }] },
  earnings: { data: { prices: [{ coin: 'LTC', usd: 70, source: 'pool', at: '2026-01-01T12:00:00Z' }] } },
};

const tones = (answers: Partial<Answers>) => Object.fromEntries(setupChecks({ ...good, ...answers }, now).map(({ name, tone }) => [name, tone])) as Record<CheckName, string>;

describe('the check of each part', () => {
  it('is good where all work, and waits for what has not answered', () => {
    expect(new Set(Object.values(tones({})))).toEqual(new Set(['good']));
    expect(tones({ pools: {} }).pools).toBe('waiting');
  });

  it.each<[string, Partial<Answers>, CheckName, string]>([
    ['an exporter that does not answer', { health: { error: new ApiError('unreachable', 'The exporter cannot be reached', 'Start it.') } }, 'exporter', 'bad'],
    ['no miners', { rigs: { data: [] } }, 'miners', 'bad'],
    ['a miner away', { rigs: { data: [aRig(), aRig({ name: 'x', up: false, reason: 'timeout' })] } }, 'miners', 'warning'],
    ['a Prometheus without series', { series: { data: [] } }, 'prometheus', 'bad'],
    ['a Prometheus with fewer miners', { health: { data: { ...good.health.data!, miners: { configured: 2, up: 2 } } } }, 'prometheus', 'warning'],
    ['no rules', { series: { data: [frame('A', 1)] } }, 'rules', 'bad'],
    ['an Alertmanager that gets nothing', { alerts: { data: [] } }, 'alertmanager', 'bad'],
    ['no pool', { pools: { data: [] } }, 'pools', 'warning'],
    ['a pool that is away', { pools: { data: [{ pool: 'p', type: 'p', up: false, detail: 'refused', workers: [] }] } }, 'pools', 'bad'],
    ['no price', { earnings: { data: { prices: [] } } }, 'prices', 'warning'],
    ['an old price', { earnings: { data: { prices: [{ coin: 'LTC', usd: 70, source: 'pool', at: '2025-12-31T00:00:00Z' }] } } }, 'prices', 'warning'],
    ['control off', { health: { data: { ...good.health.data!, control: { enabled: false, readOnly: false } } } }, 'control', 'warning'],
  ])('of %s says so, with a remedy', (_, answers, name, tone) => {
    const check = setupChecks({ ...good, ...answers }, now).find((one) => one.name === name);
    expect(check).toMatchObject({ tone, remedy: expect.stringMatching(/\w/) });
  });

  it('names the miners that are away, and why', () => {
    const rigs = { data: [aRig({ name: 'x-1', up: false, reason: 'auth_failed' })] };
    expect(setupChecks({ ...good, rigs }, now).find(({ name }) => name === 'miners')?.text).toContain('x-1 (auth failed)');
  });
});

describe('a range of addresses', () => {
  it.each(['192.168.1.0/24', '10.0.0.10-60', '10.0.0.10-10.0.0.60', '10.0.0.5', '10.0.0.0/24:8080', '10.0.0.5, 10.0.0.7-9'])('%s is one', (text) => {
    expect(wrongRange(text)).toBeUndefined();
  });

  it.each([['', ''], ['10.0.0', '10.0.0'], ['10.0.0.5, x', 'x'], ['10.0.0.300', '10.0.0.300'], ['10.0.0.0/33', '10.0.0.0/33'], ['1.2.3.4; rm -rf /', '1.2.3.4; rm -rf /']])('"%s" is none', (text, wrong) => {
    expect(wrongRange(text)).toBe(wrong);
  });

  const cli = path.resolve(__dirname, '../../../../exporter/dist/cli/main.js');
  (existsSync(cli) ? it : it.skip)('gives lines that the exporter takes (needs the exporter to be built)', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'setup-'));
    const file = path.join(folder, 'fleet.yaml');
    try {
      writeFileSync(file, rangeYaml({ addresses: '192.168.1.0/24, 10.0.0.5-9', site: 'north-1.hall', credentials: '' }));
      expect(execFileSync(process.execPath, [cli, 'check-config', file], { encoding: 'utf8' })).toMatch(/\w/);
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(discoverCommand('10.0.0.5, 10.0.0.7-9')).toContain('discover 10.0.0.5 10.0.0.7-9');
  });
});
