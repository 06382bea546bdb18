/**
 * Writes the rule files. Without options: the committed ones, in place.
 *
 *   node alerting-rules/dist/write.js [--time-scale 0.05] [--scrape-interval 1] [--out DIR]
 *     [--runbooks URL] [--grafana URL] [--webhook-base URL]
 *
 * `--time-scale` shortens every wait and window, `--scrape-interval` (seconds) sets the groups' interval and the least
 * window. With `--out` the folder also gets alertmanager.yml, scaled alike, and its templates.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { scaledAlertmanager } from './alertmanager.ts';
import { defaultLinks } from './links.ts';
import { ruleFiles } from './rules.ts';
import { defaultTiming } from './thresholds.ts';

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    'time-scale': { type: 'string' },
    'scrape-interval': { type: 'string' },
    out: { type: 'string' },
    runbooks: { type: 'string', default: defaultLinks.runbooks },
    grafana: { type: 'string', default: defaultLinks.grafana },
    'webhook-base': { type: 'string' },
  },
});

const timing = {
  timeScale: positive('time-scale', defaultTiming.timeScale),
  scrapeIntervalSeconds: positive('scrape-interval', defaultTiming.scrapeIntervalSeconds),
};
if (timing.timeScale !== 1 && values.out === undefined) {
  fail('--time-scale needs --out DIR: the committed rules keep scale 1.');
}

const out: string = values.out ?? home;
mkdirSync(out, { recursive: true });
for (const [name, text] of Object.entries(ruleFiles(timing, { runbooks: values.runbooks, grafana: values.grafana }))) {
  write(name, text);
}
if (values.out !== undefined) {
  const webhookBase = values['webhook-base'];
  const delivery = { timeScale: timing.timeScale, ...(webhookBase !== undefined && { webhookBase }) };
  write('alertmanager.yml', scaledAlertmanager(readFileSync(path.join(home, 'alertmanager.yml'), 'utf8'), delivery));
  cpSync(path.join(home, 'templates'), path.join(out, 'templates'), { recursive: true });
}

function write(name: string, text: string): void {
  const file = path.join(out, name);
  writeFileSync(file, text);
  console.log(`Wrote ${file}`);
}

function positive(name: 'time-scale' | 'scrape-interval', otherwise: number): number {
  const given = values[name];
  if (given === undefined) return otherwise;
  const value = Number(given);
  return Number.isFinite(value) && value > 0 ? value : fail(`--${name} must be a number above 0, not "${given}".`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
