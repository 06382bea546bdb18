// npm start: the fleet of fleet.yaml, or a simulated one when there is none.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from './prepare.mjs';
import { bold, dim, Failed, green, main, red, say } from './say.mjs';
import { defaultPortBase, startStack } from './stack.mjs';

const usage = `Usage: npm start [-- OPTIONS]

Installs and builds what is missing, then starts exporter, Prometheus, Alertmanager and the pages.
With a fleet.yaml it reads that fleet; without one it starts a demo: simulated miners and a pool.

  --config FILE       the fleet (default: fleet.yaml, when it exists)
  --demo              the demo even if there is a fleet.yaml
  --miners N          miners of the demo (default 12)
  --speed N           simulated seconds per second in the demo (default 1)
  --port-base N       the first of the ports that are used (default ${defaultPortBase})
  --scrape-seconds N  how often miners are read and Prometheus scrapes (default 15; demo 5)
  --time-scale N      shortens the alerts' waits, for demonstrations (default 1)
  --help

Everything that is written goes to .hashfleet/ (demo) and data/ (your fleet's counters and audit log).`;

await main(async () => {
  let flags;
  try {
    ({ values: flags } = parseArgs({
      options: {
        config: { type: 'string' }, demo: { type: 'boolean' }, miners: { type: 'string' }, speed: { type: 'string' }, 'port-base': { type: 'string' },
        'scrape-seconds': { type: 'string' }, 'time-scale': { type: 'string' }, help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (thrown) {
    throw new Failed(`${thrown.message}\n\n${usage}`);
  }
  if (flags.help) {
    say(usage);
    return;
  }
  const number = (name, otherwise, { least, most }) => {
    const value = flags[name] === undefined ? otherwise : Number(flags[name]);
    if (!(value >= least && value <= most)) throw new Failed(`--${name} must be a number from ${least} to ${most}, not "${flags[name]}".`);
    return value;
  };
  const named = flags.config ?? (existsSync(path.join(root, 'fleet.yaml')) ? path.join(root, 'fleet.yaml') : undefined);
  const fleet = flags.demo ? undefined : named === undefined ? undefined : path.resolve(named);
  if (fleet !== undefined && !existsSync(fleet)) throw new Failed(`There is no ${fleet}.`);
  const demo = fleet === undefined;

  say(bold('Hashfleet'));
  say(demo ? 'No fleet.yaml: starting the demo with simulated miners and a simulated pool. Nothing outside this machine is dialled.' : `Reading the fleet of ${fleet}.`);
  await prepare({ programs: ['prometheus', 'promtool', 'prometheus-alertmanager'] });

  say('Starting');
  const stack = await startStack({
    folder: path.join(root, '.hashfleet', demo ? 'demo' : 'live'),
    ...(demo ? {} : { fleet }),
    portBase: number('port-base', defaultPortBase, { least: 1024, most: 65_000 }),
    miners: number('miners', 12, { least: 1, most: 5000 }),
    speed: number('speed', 1, { least: 0.01, most: 1000 }),
    scrapeSeconds: number('scrape-seconds', demo ? 5 : 15, { least: 1, most: 300 }),
    timeScale: number('time-scale', 1, { least: 0.001, most: 1 }),
    said: (what) => say(`  ${green('up')} ${what}`),
    notified: announce,
  });
  let stopped = false;
  const finish = async () => {
    if (stopped) return;
    stopped = true;
    say('\nStopping');
    await stack.stop();
    say('Stopped.');
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void finish().then(() => process.exit()));
  const page = stack.url('page');
  say(`
${bold('Open')}  ${page}/a/hashfleet-miningfleet-app/control   ${dim(stack.grafana ? 'Grafana (admin / admin)' : 'the Grafana app in the plugin host; Grafana itself is not installed')}
      ${page}/a/hashfleet-miningfleet-app/fleet
      ${stack.url('prometheus')}/alerts   ${dim('Prometheus')}
      ${stack.url('alertmanager')}        ${dim('Alertmanager')}
      ${stack.url('metrics')}/metrics     ${dim('the exporter')}
      ${stack.url('api')}/api/v1/openapi.json${demo ? `
${bold('Break')} a board:  curl -X POST ${stack.url('simulatorControl')}/miners/l9-01/faults -H 'content-type: application/json' -d '{"kind":"board_missing","board":2}'
      and mend:  curl -X DELETE ${stack.url('simulatorControl')}/miners/l9-01/faults` : ''}
${bold('Logs')}  ${path.relative(process.cwd(), path.join(stack.folder, 'logs')) || '.'}
Notifications appear below. Stop with Ctrl-C.
`);
  try {
    await stack.failure;
  } catch (thrown) {
    await finish();
    throw thrown;
  }
});

/** What Alertmanager sends, a line an alert. The dead man's switch is silent while all is well. */
function announce({ alerts = [] }, where) {
  if (where.startsWith('/watchdog')) return;
  for (const { status, labels = {}, annotations = {} } of alerts) {
    say(`${new Date().toLocaleTimeString('en-GB')}  ${status === 'resolved' ? green('resolved') : red(labels.severity ?? 'alert')}  ${labels.alertname}  ${annotations.summary ?? ''}`);
  }
}
