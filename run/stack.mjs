// The whole stack as processes of this machine: exporter, Prometheus, Alertmanager, Grafana or the plugin host, and for
// the demo a simulated fleet. `npm start` and the end-to-end tests both start it from here.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { findProgram, root } from './prepare.mjs';
import { Failed } from './say.mjs';

const at = (...parts) => path.join(root, ...parts);
const loopback = '127.0.0.1';

/** What listens where, as steps above the base port. */
const offsets = { metrics: 0, api: 1, prometheus: 2, alertmanager: 3, page: 4, simulatorControl: 5, simulatorPool: 6, notifications: 7, firstMiner: 13 };
export const defaultPortBase = 9788;

/**
 * @typedef {object} StackOptions
 * @property {string} folder        everything that the stack writes goes here
 * @property {string} [fleet]       a fleet.yaml; without it a simulated fleet of `miners` is made
 * @property {number} [portBase]
 * @property {number} [miners]      of the demo
 * @property {number} [speed]       simulated seconds per second
 * @property {number} [scrapeSeconds]  Prometheus' and the demo's polling interval
 * @property {number} [timeScale]   shortens the alert rules' waits, for demonstrations and tests
 * @property {(what: string) => void} [said]   told of each service that is up
 * @property {(notification: object, path: string) => void} [notified]   told of each message that Alertmanager sends
 */

/** @param {StackOptions} options */
export async function startStack({ folder, fleet, portBase = defaultPortBase, miners = 12, speed = 1, scrapeSeconds = 15, timeScale = 1, said = () => {}, notified = () => {} }) {
  const ports = Object.fromEntries(Object.entries(offsets).map(([name, offset]) => [name, portBase + offset]));
  const url = (name) => `http://${loopback}:${ports[name]}`;
  const demo = fleet === undefined;
  await portsAreFree(ports, demo ? miners : 0);
  mkdirSync(path.join(folder, 'logs'), { recursive: true });

  const children = [];
  let stopping = false;
  /** Settled when a service ends that should not. */
  let fell;
  const failure = new Promise((_resolve, reject) => { fell = reject; });
  failure.catch(() => {});

  function run(name, [program, ...args], env = {}) {
    const log = path.join(folder, 'logs', `${name}.log`);
    const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const sink = createWriteStream(log, { flags: 'a' });
    child.stdout.pipe(sink, { end: false });
    child.stderr.pipe(sink, { end: false });
    const ended = new Promise((resolve) => {
      child.on('error', (error) => { sink.write(`${error.message}\n`); resolve(); });
      child.on('exit', (code, signal) => {
        resolve();
        if (!stopping) fell(new Failed(`${name} ended unexpectedly (${signal ?? code}). Its log: ${log}\n${lastLines(log)}`));
      });
    });
    children.push({ name, child, ended });
  }

  async function ready(name, address) {
    const end = Date.now() + 60_000;
    for (;;) {
      const up = await Promise.race([fetch(address, { signal: AbortSignal.timeout(2000) }).then((reply) => reply.ok, () => false), failure]);
      if (up) break;
      if (Date.now() > end) throw new Failed(`${name} does not answer at ${address}. Its log: ${path.join(folder, 'logs', `${name}.log`)}`);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    said(name);
  }

  async function stop() {
    stopping = true;
    // Last started, first stopped: nothing complains of a neighbour that went first.
    for (const { child, ended } of children.reverse()) {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(killer);
    }
    notifications.close();
    notifications.closeAllConnections();
  }

  const notifications = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      try {
        notified(JSON.parse(Buffer.concat(chunks).toString()), request.url ?? '');
        response.end();
      } catch {
        response.writeHead(400).end();
      }
    });
  });
  await new Promise((resolve, reject) => notifications.once('error', reject).listen(ports.notifications, loopback, resolve));

  try {
    const tokens = Object.fromEntries(['read', 'operate'].map((scope) => [scope, tokenFile(path.join(folder, 'tokens'), scope)]));
    let fleetFile = fleet;
    const exporterEnv = {};
    if (demo) {
      run('simulator', [process.execPath, at('simulator/dist/main.js'), '--miners', String(miners), '--speed', String(speed), '--first-port', String(ports.firstMiner), '--pool-port', String(ports.simulatorPool), '--prohashing-pay', 'pps', '--control-port', String(ports.simulatorControl)]);
      await ready('simulator', `${url('simulatorControl')}/healthy`);
      const pool = await (await fetch(`${url('simulatorControl')}/pool`)).json();
      exporterEnv.HASHFLEET_DEMO_POOL_KEY = pool.apiKey;
      fleetFile = path.join(folder, 'fleet.yaml');
      writeFileSync(fleetFile, await demoFleet(url('simulatorControl'), url('simulatorPool'), scrapeSeconds));
    }
    run('exporter', [
      process.execPath, at('exporter/dist/cli/main.js'), 'start', '--config', fleetFile, '--data', demo ? path.join(folder, 'data') : at('data'),
      '--metrics-listen', `${loopback}:${ports.metrics}`, '--api-listen', `${loopback}:${ports.api}`,
      '--token', `page-read:read:${tokens.read}`, '--token', `page-operate:operate:${tokens.operate}`,
    ], exporterEnv);
    await ready('exporter', `${url('metrics')}/-/ready`);

    const rules = path.join(folder, 'rules');
    await writeRules(rules, { timeScale, scrapeSeconds, webhook: url('notifications'), page: url('page') });
    run('alertmanager', [
      findProgram('prometheus-alertmanager') ?? 'prometheus-alertmanager', `--config.file=${path.join(rules, 'alertmanager.yml')}`, `--storage.path=${path.join(folder, 'alertmanager')}`,
      `--web.listen-address=${loopback}:${ports.alertmanager}`, '--cluster.listen-address=',
    ]);
    await ready('alertmanager', `${url('alertmanager')}/-/ready`);
    writeFileSync(path.join(folder, 'prometheus.yml'), localPrometheus(readFileSync(at('prometheus.yml'), 'utf8'), { ports, rules, scrapeSeconds }));
    run('prometheus', [
      findProgram('prometheus') ?? 'prometheus', `--config.file=${path.join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${path.join(folder, 'prometheus')}`,
      '--storage.tsdb.retention.time=30d', `--web.listen-address=${loopback}:${ports.prometheus}`,
    ]);
    await ready('prometheus', `${url('prometheus')}/-/ready`);

    const grafana = findProgram('grafana');
    if (grafana === undefined) {
      run('plugin-host', [
        process.execPath, at('plugin-host/dist/server.mjs'), '--port', String(ports.page), '--dist', at('grafana-plugin/dist'), '--prometheus', url('prometheus'), '--api', url('api'), '--alertmanager', url('alertmanager'),
        '--read-token-file', tokens.read, '--operate-token-file', tokens.operate, '--dashboards', at('dashboards/json'),
      ]);
      await ready('plugin-host', `${url('page')}/healthz`);
    } else {
      run('grafana', [grafana, 'server', `--homepath=${grafanaHome()}`], grafanaEnvironment({ folder, ports, tokens }));
      await ready('grafana', `${url('page')}/api/health`);
    }
    return { ports, url, tokens, folder, demo, grafana: grafana !== undefined, failure, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function portsAreFree(ports, miners) {
  const all = Object.entries(ports).filter(([name]) => name !== 'firstMiner' && (miners > 0 || !name.startsWith('simulator')));
  for (let index = 0; index < miners; index += 1) all.push([`miner ${index + 1}`, ports.firstMiner + index]);
  const taken = [];
  for (const [name, port] of all) {
    const free = await new Promise((resolve) => {
      const probe = net.createServer().once('error', () => resolve(false)).once('listening', () => probe.close(() => resolve(true)));
      probe.listen(port, loopback);
    });
    if (!free) taken.push(`${port} (${name})`);
  }
  if (taken.length > 0) throw new Failed(`These ports are taken: ${taken.join(', ')}. Stop what uses them (another npm start?), or choose others with: npm start -- --port-base 19788`);
}

/** A random token in a file that only its owner may read; kept between starts. */
function tokenFile(folder, name) {
  const file = path.join(folder, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600 });
  chmodSync(file, 0o600);
  return file;
}

async function demoFleet(control, pool, scrapeSeconds) {
  const miners = await (await fetch(`${control}/fleet.yaml`)).text();
  const sites = [...new Set([...miners.matchAll(/site: ([\w.-]+)/g)].map(([, site]) => site))];
  return `# Written by npm start for the demo; change a copy of it, not this file.
sites:
${sites.map((site) => `  - name: ${site}\n    electricity: {price_usd_per_kilowatt_hour: 0.07, cooling_overhead_ratio: 0.05}`).join('\n')}
poll: {interval_seconds: ${scrapeSeconds}, deadline_seconds: ${Math.min(5, scrapeSeconds * 0.8)}, slow_interval_seconds: ${Math.max(scrapeSeconds, 10)}}
# LTC and DOGE at what the simulated pool reckons with.
prices: {btc_usd: 95000, coins: {LTC: 95, DOGE: 0.19}}
pools:
  - {name: prohashing, type: prohashing, base_url: "${pool}", allow_plain_http: true, api_key_env: HASHFLEET_DEMO_POOL_KEY, interval_seconds: ${Math.max(scrapeSeconds, 5)}}
control: {enabled: true, verify_interval_seconds: ${Math.min(2, scrapeSeconds)}, cooldown_seconds: 5}
${miners}`;
}

async function writeRules(folder, { timeScale, scrapeSeconds, webhook, page }) {
  rmSync(folder, { recursive: true, force: true });
  const { status, said } = await new Promise((resolve) => {
    const child = spawn(process.execPath, [at('alerting-rules/dist/write.js'), '--out', folder, '--time-scale', String(timeScale), '--scrape-interval', String(scrapeSeconds), '--webhook-base', webhook, '--grafana', page, '--runbooks', `file://${at('docs/runbooks')}`], { stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('close', (code) => resolve({ status: code, said: Buffer.concat(chunks).toString() }));
  });
  if (status !== 0) throw new Failed(`The alert rules could not be written:\n${said}`);
}

/** prometheus.yml names containers; here the same jobs point at this machine's ports. */
export function localPrometheus(text, { ports, rules, scrapeSeconds }) {
  return text
    .replace(/exporter:9788/g, `${loopback}:${ports.metrics}`)
    .replace(/alertmanager:9093/g, `${loopback}:${ports.alertmanager}`)
    .replace(/localhost:9090/g, `${loopback}:${ports.prometheus}`)
    .replace(/alerting-rules\//g, `${rules}/`)
    // The first is the global one; the chips keep their slow pace.
    .replace(/^( *scrape_interval:).*$/m, `$1 ${scrapeSeconds}s`)
    .replace(/^( *evaluation_interval:).*$/gm, `$1 ${scrapeSeconds}s`)
    .replace(/^( *scrape_timeout:).*$/gm, `$1 ${Math.min(10, scrapeSeconds)}s`);
}

function grafanaHome() {
  return ['/usr/share/grafana', '/usr/local/share/grafana', '/opt/homebrew/opt/grafana/share/grafana'].find((folder) => existsSync(folder)) ?? '/usr/share/grafana';
}

/** Grafana with our provisioning, its data in our folder, nothing of the machine's own Grafana touched. */
function grafanaEnvironment({ folder, ports, tokens }) {
  const provisioning = path.join(folder, 'grafana-provisioning');
  cpSync(at('deploy/grafana/provisioning'), provisioning, { recursive: true });
  // The containers' folder of dashboards is this machine's own.
  const provider = path.join(provisioning, 'dashboards', 'hashfleet.yaml');
  writeFileSync(provider, readFileSync(provider, 'utf8').replace('/etc/hashfleet/dashboards', at('dashboards/json')));
  return {
    GF_PATHS_DATA: path.join(folder, 'grafana'), GF_PATHS_LOGS: path.join(folder, 'logs'), GF_PATHS_PLUGINS: path.join(folder, 'grafana-plugins'), GF_PATHS_PROVISIONING: provisioning,
    GF_SERVER_HTTP_ADDR: loopback, GF_SERVER_HTTP_PORT: String(ports.page),
    GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS: 'hashfleet-miningfleet-app,hashfleet-boardstrip-panel,hashfleet-chipmap-panel,hashfleet-fleetgrid-panel,hashfleet-fleetstates-panel,hashfleet-poolgap-panel,hashfleet-waterfall-panel', 'GF_PLUGIN_HASHFLEET-MININGFLEET-APP_PATH': at('grafana-plugin/dist'),
    GF_DATAPROXY_SEND_USER_HEADER: 'true', GF_DATAPROXY_LOGGING: 'true', GF_ANALYTICS_REPORTING_ENABLED: 'false', GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
    HASHFLEET_PROMETHEUS_URL: `http://${loopback}:${ports.prometheus}`, HASHFLEET_API_URL: `http://${loopback}:${ports.api}`,
    HASHFLEET_ALERTMANAGER_URL: `http://${loopback}:${ports.alertmanager}`,
    HASHFLEET_READ_TOKEN: readFileSync(tokens.read, 'utf8'), HASHFLEET_OPERATE_TOKEN: readFileSync(tokens.operate, 'utf8'),
  };
}

function lastLines(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-12).join('\n') : '';
}
