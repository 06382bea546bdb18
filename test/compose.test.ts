/** What runs in containers fits together: files, ports, ids, variables, and the configurations of the tools inside. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { exporterJob } from '../alerting-rules/src/alerts.ts';
import { appId } from '../alerting-rules/src/links.ts';
import { defaultTiming, duration } from '../alerting-rules/src/thresholds.ts';
import { fleetSchema } from '../exporter/src/config/schema.ts';
import { describeFleet } from '../simulator/src/fleet.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const text = (file: string) => readFileSync(path.join(root, file), 'utf8');
// The caller says what it expects to find; the assertions then show it.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
const yaml = <T>(file: string) => parse(text(file)) as T;
const scratch = mkdtempSync(path.join(tmpdir(), 'hashfleet-compose-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function run(tool: string, args: readonly string[], remedy: string) {
  // Nothing of this machine's environment may stand in for what .env lacks.
  const { error, status, stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8', cwd: root, env: { PATH: process.env['PATH'], HOME: process.env['HOME'] } });
  if (error) throw new Error(`${tool} could not be started. ${remedy}`, { cause: error });
  return { status, stdout, stderr };
}

interface Service { image?: string; build?: { dockerfile: string }; command?: string[]; environment?: Record<string, string>; volumes?: string[]; ports?: string[]; read_only?: boolean; profiles?: string[]; cap_drop?: string[] }
const compose = yaml<{ services: Record<string, Service>; volumes: Record<string, unknown> }>('docker-compose.yml');
const services = Object.entries(compose.services);
const service = (name: string) => compose.services[name]!;
const prometheus = yaml<{ scrape_configs: { job_name: string; static_configs: { targets: string[] }[]; sample_limit?: number; label_limit?: number; body_size_limit?: string }[]; rule_files: string[]; global: Record<string, string>; alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] } }>('prometheus.yml');
const targets = (job: string) => prometheus.scrape_configs.find(({ job_name }) => job_name === job)!.static_configs.flatMap((config) => config.targets);

const example = text('.env.example');
const variables = [...example.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!] as const);
const filled = path.join(scratch, 'filled.env');
writeFileSync(filled, variables.map(([name, value]) => `${name}=${value || 'filled-in'}`).join('\n'));

/** Made by a build, so absent in a fresh clone; or the operator's own. */
const products = ['./grafana-plugin/dist', './fleet.yaml'];

const composeRemedy = 'Install it ("apt-get install docker-compose" on Debian).';

describe('docker-compose.yml', () => {
  it('is accepted with .env.example filled in, demo profile included', () => {
    for (const profile of [[], ['--profile', 'demo']]) {
      const { status, stderr, stdout } = run('docker-compose', ['--env-file', filled, ...profile, 'config'], composeRemedy);
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toContain('hashfleet/exporter:local');
    }
  });

  it('refuses to start with tokens and passwords left empty', () => {
    const { status, stderr } = run('docker-compose', ['--env-file', path.join(root, '.env.example'), 'config'], composeRemedy);
    expect(status).not.toBe(0);
    expect(stderr).toContain('set it in .env');
  });

  it('takes exactly the variables that .env.example explains', () => {
    const used = [...new Set([...text('docker-compose.yml').matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name!))].sort();
    expect(variables.map(([name]) => name).sort()).toEqual(used);
    for (const [name] of variables) expect(example).toMatch(new RegExp(`^# .*\\n(?:[A-Z_]+=.*\\n)?${name}=`, 'm'));
  });

  it('keeps no secret', () => {
    for (const [name, value] of variables) if (/TOKEN|PASSWORD|KEY/.test(name)) expect([name, value]).toEqual([name, '']);
  });

  it.each(services)('%s mounts what exists, or what a build makes', (_, { volumes = [] }) => {
    for (const volume of volumes) {
      const source = volume.replace(/\$\{[A-Z_]+:-([^}]*)\}/, '$1').split(':')[0]!;
      if (!source.startsWith('.')) expect(Object.keys(compose.volumes)).toContain(source);
      else if (!products.includes(source)) expect([source, existsSync(path.join(root, source))]).toEqual([source, true]);
      if (source.startsWith('.')) expect(volume).toMatch(/:ro$/);
    }
  });

  it.each(services)('%s listens on this machine only, unless told otherwise', (_, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^(\$\{BIND_ADDRESS:-127\.0\.0\.1\}|127\.0\.0\.1):(\d+):\2$/);
  });

  it.each(services.filter(([, { image }]) => image?.includes(':local') !== true))('%s is pinned to a version', (_, { image }) => {
    expect(image).toMatch(/:v?\d+\.\d+\.\d+$/);
  });

  it.each(['exporter', 'simulator'])('%s runs without rights that it does not need', (name) => {
    expect(service(name)).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(text(service(name).build!.dockerfile)).toMatch(/^USER node$/m);
  });

  it('starts the simulator only when asked for the demo', () => {
    expect(services.filter(([, { profiles }]) => profiles !== undefined).map(([name, { profiles }]) => [name, profiles])).toEqual([['simulator', ['demo']]]);
  });
});

describe.each(['deploy/exporter.Dockerfile', 'deploy/simulator.Dockerfile'])('%s', (file) => {
  const lines = text(file).replaceAll('\\\n', ' ').split('\n');
  const kept = text('.dockerignore').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1));

  it('copies what exists and what .dockerignore lets through', () => {
    for (const line of lines.filter((each) => each.startsWith('COPY ') && !each.includes('--from='))) {
      for (const source of line.split(/\s+/).slice(1, -1)) {
        expect([source, existsSync(path.join(root, source))]).toEqual([source, true]);
        expect(kept).toContain(source);
      }
    }
  });

  it('copies the manifest of every workspace that the lock file names', () => {
    const { workspaces } = JSON.parse(text('package.json')) as { workspaces: string[] };
    for (const workspace of workspaces) expect(lines).toContain(`COPY ${workspace}/package.json ${workspace}/`);
  });

  it('checks health, and starts with the arguments of the compose file', () => {
    expect(text(file)).toMatch(/^HEALTHCHECK .*CMD \["node", "-e", ".*"\]$/m);
    const [, command] = /^CMD (\[.*\])$/m.exec(text(file))!;
    const name = path.basename(file, '.Dockerfile');
    expect(JSON.parse(command!)).toEqual(service(name).command);
  });
});

describe('ports and names', () => {
  const published = (name: string) => service(name).ports!.map((port) => Number(port.split(':').at(-1)));
  const flag = (name: string, option: string) => service(name).command![service(name).command!.indexOf(option) + 1]!;

  it('agree between exporter, Prometheus, Grafana and Alertmanager', () => {
    expect(targets(exporterJob)).toEqual([`exporter:${flag('exporter', '--metrics-listen').split(':')[1]}`]);
    expect(published('exporter')).toEqual([9788, 9789]);
    expect(prometheus.alerting.alertmanagers[0]!.static_configs[0]!.targets).toEqual([`alertmanager:${published('alertmanager')[0]}`]);
    expect(targets('alertmanager')).toEqual([`alertmanager:${published('alertmanager')[0]}`]);
    expect(service('grafana').environment).toMatchObject({
      HASHFLEET_PROMETHEUS_URL: `http://prometheus:${published('prometheus')[0]}`,
      HASHFLEET_API_URL: `http://exporter:${flag('exporter', '--api-listen').split(':')[1]}`,
      HASHFLEET_ALERTMANAGER_URL: `http://alertmanager:${published('alertmanager')[0]}`,
    });
    expect(targets('prometheus')).toEqual([`localhost:${published('prometheus')[0]}`]);
  });

  it('agree between the demo\'s fleet and the simulator, whose miners have these names', () => {
    const fleet = fleetSchema.parse(yaml('deploy/demo-fleet.yaml'));
    const first = Number(flag('simulator', '--first-port'));
    const simulated = describeFleet({ miners: 12, seed: 1, warm: true });
    expect(fleet.miners?.map(({ name, address, site, rack }) => ({ name, address, site, rack })))
      .toEqual(simulated.map(({ name, site, rack }, index) => ({ name, address: `simulator:${first + index}`, site, rack })));
    expect(fleet.pools.map(({ base_url }) => base_url)).toEqual([`http://simulator:${flag('simulator', '--pool-port')}`]);
    const secrets = [fleet.credentials['default']!.password_env, fleet.pools[0]!.api_key_env, ...fleet.api.tokens.map(({ token_env }) => token_env)];
    for (const secret of secrets) expect(Object.keys(service('exporter').environment!)).toContain(secret);
  });

  it('agree with the unit for a machine without containers', () => {
    const unit = text('deploy/systemd/hashfleet-exporter.service');
    for (const option of ['--config', '--data']) expect(unit).toContain(`${option} ${flag('exporter', option)}`);
    for (const option of ['--metrics-listen', '--api-listen']) expect(unit).toContain(`${option} 127.0.0.1:${flag('exporter', option).split(':')[1]}`);
  });
});

describe('prometheus.yml', () => {
  it('is accepted by promtool, with the rules that it names', () => {
    const { status, stderr } = run('promtool', ['check', 'config', 'prometheus.yml'], 'Install it ("apt-get install prometheus" on Debian, or "npm test", which does).');
    expect([status, stderr]).toEqual([0, '']);
    expect(prometheus.rule_files).toEqual(['alerting-rules/recording.yml', 'alerting-rules/alerts.yml']);
  });

  it('scrapes as often as the rules expect, and guards itself', () => {
    expect(prometheus.global).toMatchObject({ scrape_interval: duration(defaultTiming.scrapeIntervalSeconds), evaluation_interval: duration(defaultTiming.scrapeIntervalSeconds) });
    expect(prometheus.scrape_configs.find(({ job_name }) => job_name === exporterJob)).toMatchObject({ sample_limit: expect.any(Number), label_limit: expect.any(Number), body_size_limit: expect.any(String) });
  });
});

describe('Grafana\'s provisioning', () => {
  const folder = 'deploy/grafana/provisioning';
  const environment = Object.keys(service('grafana').environment!);

  it('uses only variables that the container has', () => {
    for (const kind of readdirSync(path.join(root, folder))) {
      for (const file of readdirSync(path.join(root, folder, kind))) {
        // Comments aside, for $$ is a dollar.
        const content = text(path.join(folder, kind, file)).replace(/^\s*#.*$/gm, '');
        for (const [, name] of content.matchAll(/\$([A-Z_]+)/g)) expect(environment).toContain(name);
      }
    }
  });

  it('gives the data source the uid that dashboards and app look for', () => {
    const { datasources } = yaml<{ datasources: { uid: string; type: string; editable: boolean; jsonData: { timeInterval: string } }[] }>(`${folder}/datasources/hashfleet.yaml`);
    expect(datasources).toMatchObject([{ uid: 'hashfleet-prometheus', type: 'prometheus', editable: false, jsonData: { timeInterval: prometheus.global['scrape_interval'] } }]);
    for (const name of ['hashfleet-fleet', 'hashfleet-miner']) expect(text(`dashboards/json/${name}.json`)).toContain('"value": "hashfleet-prometheus"');
  });

  it('loads the dashboards from where they are mounted', () => {
    const { providers } = yaml<{ providers: { options: { path: string } }[] }>(`${folder}/dashboards/hashfleet.yaml`);
    const mounted = service('grafana').volumes!.find((volume) => volume.startsWith('./dashboards/json:'))!;
    expect(mounted.split(':')[1]).toBe(providers[0]!.options.path);
    expect(service('grafana').environment!['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']).toBe(`${providers[0]!.options.path}/hashfleet-fleet.json`);
  });

  it('allows and sets up the app and the panels that grafana-plugin/ has (made in a branch of its own, merged before this runs)', () => {
    const app = JSON.parse(text('grafana-plugin/src/plugin.json')) as { id: string; routes: { url: string; headers: { content: string }[] }[] };
    const panels = readdirSync(path.join(root, 'grafana-plugin/src/panels'))
      .map((name) => path.join('grafana-plugin/src/panels', name, 'plugin.json')).filter((file) => existsSync(path.join(root, file)))
      .map((file) => (JSON.parse(text(file)) as { id: string }).id);
    expect(app.id).toBe(appId);
    expect(service('grafana').environment!['GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS']!.split(',')).toEqual([app.id, ...panels]);
    const { apps } = yaml<{ apps: { type: string; jsonData: Record<string, string>; secureJsonData: Record<string, string> }[] }>(`${folder}/plugins/hashfleet.yaml`);
    expect(apps.map(({ type }) => type)).toEqual([app.id]);
    const wanted = JSON.stringify(app.routes);
    for (const [, name] of wanted.matchAll(/\{\{ *\.JsonData\.(\w+) *\}\}/g)) expect(Object.keys(apps[0]!.jsonData)).toContain(name);
    const secrets = [...new Set([...wanted.matchAll(/\{\{ *\.SecureJsonData\.(\w+) *\}\}/g)].map(([, name]) => name!))].sort();
    expect(Object.keys(apps[0]!.secureJsonData).sort()).toEqual(secrets);
  });
});
