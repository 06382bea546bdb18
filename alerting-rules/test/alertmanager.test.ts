import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { scaledAlertmanager } from '../src/alertmanager.ts';
import { alertGroups } from '../src/alerts.ts';
import { defaultLinks } from '../src/links.ts';
import { defaultTiming } from '../src/thresholds.ts';
import { seconds } from './series.ts';
import { file, home, run } from './tools.ts';

const text = readFileSync(path.join(home, 'alertmanager.yml'), 'utf8');
const rules = alertGroups(defaultTiming, defaultLinks).flatMap((group) => group.rules);
const names = new Set(rules.map(({ alert }) => alert));
const { inhibit_rules: inhibitions } = parse(text) as { inhibit_rules: { source_matchers: string[]; target_matchers: string[]; equal?: string[] }[] };
const namesIn = (matchers: readonly string[]) => matchers.flatMap((matcher) => /^alertname(?:=|!=|=~)"([^"]*)"$/.exec(matcher)?.[1]?.split('|') ?? []);

describe('Alertmanager\'s configuration', () => {
  it('is accepted by amtool, templates included', () => {
    expect(run('amtool', ['check-config', 'alertmanager.yml'])).toEqual({ status: 0, said: expect.stringContaining('1 templates') });
  });

  it.each([
    ['Watchdog', 'info', 'dead-man'],
    ...rules.filter(({ alert }) => alert !== 'Watchdog').map(({ alert, labels }) => [alert, labels.severity, 'operator'] as const),
  ])('sends %s (%s) to %s', (alert, severity, receiver) => {
    const { status, said } = run('amtool', ['config', 'routes', 'test', '--config.file=alertmanager.yml', `--verify.receivers=${receiver}`, `alertname=${alert}`, `severity=${severity}`]);
    expect([status, said.split('\n')[0]]).toEqual([0, receiver]);
  });

  it('names only alerts that exist', () => {
    for (const { source_matchers, target_matchers } of inhibitions) {
      for (const name of [...namesIn(source_matchers), ...namesIn(target_matchers)]) expect([...names]).toContain(name);
    }
  });

  it('has every cause fire no later than what it explains', () => {
    const wait = (name: string) => rules.filter(({ alert }) => alert === name).map((rule) => seconds(rule.for ?? '0s'));
    for (const { source_matchers, target_matchers } of inhibitions) {
      for (const cause of namesIn(source_matchers)) {
        // What the average or window of the consequence adds to its wait is not counted here.
        for (const effect of namesIn(target_matchers.filter((matcher) => matcher.startsWith('alertname=')))) {
          if (cause === 'MinerNotMining' || cause === 'MinerUnreachable') continue; // Their guards silence the consequence itself.
          if (effect === 'MinerEfficiencyBad' || effect === 'MinerRestartLoop' || effect === 'MinerPoolRejectsHigh') continue;
          expect({ cause, effect, late: Math.max(...wait(cause)) > Math.min(...wait(effect)) }).toEqual({ cause, effect, late: false });
        }
      }
    }
  });

  it('writes a message that names the thing, its cause and what to do', () => {
    const data = path.join(home, 'test', 'message.json');
    const { status, said } = run('amtool', ['template', 'render', '--template.glob=templates/*.tmpl', `--template.data=${data}`, '--template.text={{ template "hashfleet.title" . }}\n{{ template "hashfleet.text" . }}']);
    expect(status).toBe(0);
    expect(said.trim()).toBe([
      '[CRITICAL x1] MinerUnreachable at barn',
      'l9-01 does not answer',
      'l9-01 (Antminer L9) at barn, address 192.0.2.11, has not answered a poll for 3m or longer.',
      'What to do: docs/runbooks/MinerUnreachable.md',
      'Dashboard: /d/hashfleet-miner?var-miner=l9-01',
      'Control: /a/hashfleet-miningfleet-app/miner/l9-01',
      '',
      'Over: l9-02 does not answer',
    ].join('\n'));
  });
});

/** The real Alertmanager, with a webhook that keeps what it is sent. */
describe('a running Alertmanager', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hashfleet-alertmanager-'));
  const received: { path: string; body: { groupLabels: Record<string, string>; alerts: { labels: Record<string, string> }[] } }[] = [];
  let webhook: Server;
  let alertmanager: ChildProcess;
  let base: string;

  beforeAll(async () => {
    webhook = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        received.push({ path: request.url!, body: JSON.parse(body) as (typeof received)[number]['body'] });
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(webhook, 'listening');
    const port = (webhook.address() as AddressInfo).port;
    const config = file(folder, 'alertmanager.yml', scaledAlertmanager(text, { timeScale: 0.01, webhookBase: `http://127.0.0.1:${port}` }).replace('templates/*.tmpl', path.join(home, 'templates/*.tmpl')));

    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    base = `http://127.0.0.1:${(free.address() as AddressInfo).port}`;
    free.close();
    await once(free, 'close');

    alertmanager = spawn('prometheus-alertmanager', [`--config.file=${config}`, `--storage.path=${folder}`, `--web.listen-address=${base.replace('http://', '')}`, '--cluster.listen-address='], { stdio: 'ignore' });
    const failed = new Promise<never>((_, reject) => alertmanager.once('error', (cause) => reject(new Error('prometheus-alertmanager could not be started. Install it ("apt-get install prometheus-alertmanager" on Debian, or "npm test", which does).', { cause }))));
    await Promise.race([failed, until(async () => (await fetch(`${base}/-/ready`)).ok)]);
  });

  afterAll(async () => {
    if (alertmanager.exitCode === null && alertmanager.pid !== undefined) {
      alertmanager.kill();
      await once(alertmanager, 'exit');
    }
    webhook.closeAllConnections();
    webhook.close();
    rmSync(folder, { recursive: true });
  });

  const of = (alertname: string, severity: string, more: Record<string, string> = {}) => ({ alertname, severity, scope: 'miner', miner: 'l9-01', site: 'barn', ...more });

  it.each([
    ['ExporterDown', [{ alertname: 'ExporterDown', severity: 'critical', scope: 'exporter', job: 'hashfleet' }], ['MinerUnreachable', 'SiteDown', 'PoolUnreachable', 'MinerChangedByOthers'], []],
    ['SiteDown', [{ alertname: 'SiteDown', severity: 'critical', scope: 'site', site: 'barn' }], ['MinerUnreachable', 'MinerFailure'], ['MinerChangedByOthers', 'PoolClosed']],
    ['MinerUnreachable', [of('MinerUnreachable', 'critical')], ['MinerFailure', 'MinerBoardLost', 'MinerHashrateLow', 'MinerOverheating', 'PoolSeesLess', 'MinerHealthPoor', 'MinerPartFailing'], ['MinerChangedByOthers']],
    ['MinerFailure', [of('MinerFailure', 'critical')], ['MinerBoardLost', 'MinerHashrateLow', 'MinerPoolsDown'], ['MinerOverheating', 'MinerFanLost', 'MinerChangedByOthers']],
    ['MinerBoardLost', [of('MinerBoardLost', 'warning', { board: '2' })], ['MinerHashrateLow', 'MinerEfficiencyBad', 'MinerBoardWeak', 'MinerHealthPoor', 'MinerPartFailing'], ['MinerFanLost', 'MinerOverheating']],
    ['MinerHashrateLow, critical', [of('MinerHashrateLow', 'critical')], ['MinerHashrateLow', 'MinerEfficiencyBad'], ['MinerBoardWeak']],
    ['MinerPasswordWrong', [of('MinerPasswordWrong', 'warning')], ['MinerUnreachable'], ['MinerChangedByOthers']],
    ['MinerHealthPoor', [of('MinerHealthPoor', 'warning')], ['MinerPartFailing'], ['MinerHashrateLow']],
    ['MinerFanLost', [of('MinerFanLost', 'warning', { fan: '2' })], ['MinerHealthPoor'], ['MinerOverheating', 'MinerBoardLost']],
    ['PoolWorkerMissing', [of('PoolWorkerMissing', 'warning')], ['PoolSeesLess', 'MinerPoolLoss'], ['MinerHashrateLow']],
  ])('shows %s and holds back what follows from it, on the same miner only', async (cause, sources, held, shown) => {
    // Sites of their own keep the cases apart, except for the exporter, whose alert is ended before the next case.
    const site = cause.replaceAll(/\W/g, '');
    const at = (labels: Record<string, string>): Record<string, string> => ('site' in labels ? { ...labels, site, ...('miner' in labels && { miner: `${site}-1` }) } : labels);
    const consequence = (alertname: string) => at(alertname === 'SiteDown' ? { alertname, severity: 'critical', scope: 'site', site } : alertname.startsWith('Pool') && !['PoolSeesLess', 'PoolWorkerMissing'].includes(alertname) ? { alertname, severity: 'warning', scope: 'pool', pool: site } : of(alertname, 'warning'));
    const elsewhere: Record<string, string> = { ...consequence(held.at(-1)!), site: 'elsewhere', miner: 'other' };
    const all = [...sources.map((source) => at(source)), ...[...held, ...shown].map(consequence), elsewhere];
    await post(all);
    const inhibited = async () => {
      const alerts = await (await fetch(`${base}/api/v2/alerts`)).json() as { labels: Record<string, string>; status: { inhibitedBy: string[] } }[];
      return alerts.filter(({ labels }) => labels['site'] === site || labels['pool'] === site).filter(({ status }) => status.inhibitedBy.length > 0).map(({ labels }) => `${labels['alertname']} ${labels['severity']}`);
    };
    const expected = held.map((name) => `${name} ${consequence(name)['severity']}`).sort();
    await until(async () => JSON.stringify((await inhibited()).sort()) === JSON.stringify(expected), async () => `inhibited: ${(await inhibited()).sort().join()}; expected: ${expected.join()}`);
    if (cause !== 'ExporterDown') {
      const alerts = await (await fetch(`${base}/api/v2/alerts`)).json() as { labels: Record<string, string>; status: { inhibitedBy: string[] } }[];
      expect(alerts.find(({ labels }) => labels['miner'] === 'other' && labels['alertname'] === elsewhere['alertname'])?.status.inhibitedBy).toEqual([]);
    }
    await post(all, new Date(Date.now() - 1000));
  });

  it('sends the Watchdog to the dead man\'s switch and the rest to the operator', async () => {
    await post([{ alertname: 'Watchdog', severity: 'info', scope: 'exporter' }, of('MinerFailure', 'critical', { miner: 'm', site: 'attic' })]);
    await until(() => received.some(({ path: to, body }) => to === '/watchdog' && body.groupLabels['alertname'] === 'Watchdog')
      && received.some(({ path: to, body }) => to === '/alerts' && body.groupLabels['site'] === 'attic'), () => JSON.stringify(received.map(({ path: to, body }) => [to, body.groupLabels])));
    expect(received.filter(({ path: to }) => to === '/watchdog').flatMap(({ body }) => body.alerts.map(({ labels }) => labels['alertname']))).not.toContain('MinerFailure');
  });

  async function post(alerts: readonly Record<string, string>[], endsAt = new Date(Date.now() + 60_000)): Promise<void> {
    const startsAt = new Date(Date.now() - 60_000).toISOString();
    const response = await fetch(`${base}/api/v2/alerts`, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alerts.map((labels) => ({ labels, startsAt, endsAt: endsAt.toISOString() }))),
    });
    expect(response.status).toBe(200);
  }
});

/** Waits for a condition, 15 s at most; what it sees then goes into the error. */
async function until(condition: () => boolean | Promise<boolean>, seen: () => string | Promise<string> = () => 'nothing'): Promise<void> {
  const end = Date.now() + 15_000;
  for (;;) {
    if (await Promise.resolve().then(condition).catch(() => false)) return;
    if (Date.now() > end) throw new Error(`Still not so after 15 s; seen: ${await seen()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
