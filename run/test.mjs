// npm test: every check of the project on a fresh clone, with one count at the end.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { prepare, root } from './prepare.mjs';
import { bold, dim, Failed, green, main, red, say } from './say.mjs';
import { startStack } from './stack.mjs';

const at = (...parts) => path.join(root, ...parts);
const results = at('.hashfleet', 'results');
const node = process.execPath;
const jest = ['--experimental-vm-modules', '--no-warnings=ExperimentalWarning', at('node_modules/jest/bin/jest.js')];

/** Runs a program with its output shown; its exit status. */
async function show([program, ...args], { cwd = root, env = {} } = {}) {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve) => {
    child.on('error', (error) => { say(error.message); resolve(127); });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

const json = (file) => JSON.parse(readFileSync(file, 'utf8'));
const count = (passed, failed, skipped = [], names = []) => ({ passed, failed, skipped, names });

/** A program that only says yes or no counts as one check. */
async function one(command, options) {
  const status = await show(command, options);
  return status === 0 ? count(1, 0) : count(0, 1);
}

async function jestRun(command, { file, cwd, env }) {
  rmSync(file, { force: true });
  const status = await show([...command, '--json', `--outputFile=${file}`], { cwd, env });
  let report;
  try {
    report = json(file);
  } catch {
    return count(0, 1, [], ['jest made no report']);
  }
  const assertions = report.testResults.flatMap((suite) => suite.assertionResults);
  const names = (wanted) => assertions.filter((test) => test.status === wanted).map((test) => test.fullName);
  // A suite that does not load has no tests to count.
  const broken = report.testResults.filter((suite) => suite.status === 'failed' && suite.assertionResults.length === 0).map((suite) => suite.name);
  const failed = report.numFailedTests + broken.length;
  return count(report.numPassedTests, failed === 0 && status !== 0 ? 1 : failed, [...names('pending'), ...names('todo')], [...names('failed'), ...broken]);
}

async function playwrightRun(folder, config, env) {
  // npm hoists the end-to-end package's Playwright to the root; the plugin has its own.
  const cli = [folder, root].map((one) => path.join(one, 'node_modules/@playwright/test/cli.js')).find(existsSync);
  const file = path.join(results, `${path.basename(folder)}-${config}.json`);
  rmSync(file, { force: true });
  const status = await show([node, cli, 'test', '-c', config, '--reporter=list,json'], { cwd: folder, env: { ...env, PLAYWRIGHT_JSON_OUTPUT_NAME: file, PLAYWRIGHT_JSON_OUTPUT_FILE: file, PLAYWRIGHT_JSON: file } });
  let report;
  try {
    report = json(file);
  } catch {
    return count(0, 1, [], ['playwright made no report']);
  }
  const { expected, unexpected, flaky, skipped } = report.stats;
  const failed = unexpected + (report.errors?.length ?? 0);
  return count(expected + flaky, failed === 0 && status !== 0 ? 1 : failed, Array(skipped).fill('a browser test that did not run'));
}

/** node:test's closing lines. */
async function nodeTestRun(command, cwd) {
  const child = spawn(command[0], command.slice(1), { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
    process.stdout.write(chunk);
  });
  const status = await new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
  const number = (name) => Number(new RegExp(`^[#ℹ] ${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const failed = number('fail');
  return count(number('pass'), failed === 0 && status !== 0 ? 1 : failed, Array(number('skipped')).fill('a test of the plugin host'));
}

async function onHost() {
  say(dim('  The plugin\'s own browser tests run on the stack of npm start.'));
  // Below the ports that the system itself hands out to connections (from 32768 on Linux).
  const stack = await startStack({ folder: at('.hashfleet', 'plugin-e2e'), portBase: 28_788, scrapeSeconds: 1, timeScale: 0.05 });
  try {
    // The pages show what Prometheus has; a page that is opened before the first sums waits for its next refresh.
    const sums = `${stack.url('prometheus')}/api/v1/query?query=${encodeURIComponent('site:miner_hashrate_hashes_per_second:sum and on() (count(miner_hashrate_ratio) == 12)')}`;
    for (let tries = 0; (await (await fetch(sums)).json()).data.result.length === 0; tries += 1) {
      if (tries > 120) throw new Failed('Prometheus has no sums of the fleet after a minute.');
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    return await playwrightRun(at('grafana-plugin'), 'playwright.harness.config.ts', { HOST_URL: stack.url('page') });
  } finally {
    await stack.stop();
  }
}

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const plugin = at('grafana-plugin');
const checks = {
  lint: async () => one([node, at('node_modules/eslint/bin/eslint.js'), '.', '--max-warnings', '0']),
  types: async () => one([node, at('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json', '--noEmit']),
  unit: async () => jestRun([node, ...jest], { file: path.join(results, 'unit.json') }),
  'plugin-types': async () => one([npm, 'run', '-s', 'typecheck'], { cwd: plugin }),
  'plugin-lint': async () => one([npm, 'run', '-s', 'lint'], { cwd: plugin }),
  'plugin-unit': async () => jestRun([node, path.join(plugin, 'node_modules/jest/bin/jest.js'), '--ci', '--maxWorkers', '2'], { file: path.join(results, 'plugin-unit.json'), cwd: plugin }),
  'host-types': async () => one([npm, 'run', '-s', 'typecheck'], { cwd: at('plugin-host') }),
  'host-unit': async () => nodeTestRun([npm, 'test', '-s'], at('plugin-host')),
  e2e: async () => playwrightRun(at('e2e'), 'playwright.config.ts', {}),
  'plugin-e2e': onHost,
};

await main(async () => {
  const wanted = process.argv.slice(2);
  if (wanted.includes('--help') || wanted.includes('-h')) {
    say(`Usage: npm test [-- NAME ...]\n\nInstalls and builds what is missing, and runs every check, or those named: ${Object.keys(checks).join(', ')}.`);
    return;
  }
  const unknown = wanted.filter((name) => !(name in checks));
  if (unknown.length > 0) throw new Failed(`There is no check ${unknown.join(', ')}; there are ${Object.keys(checks).join(', ')}.`);
  say(bold('Hashfleet: tests'));
  const names = wanted.length === 0 ? Object.keys(checks) : wanted;
  await prepare({ programs: ['prometheus', 'promtool', 'prometheus-alertmanager', 'amtool', 'chromium', 'docker-compose'] });
  mkdirSync(results, { recursive: true });

  const outcomes = [];
  for (const name of names) {
    say(`\n${bold(`== ${name}`)}`);
    const began = Date.now();
    let outcome;
    try {
      outcome = await checks[name]();
    } catch (thrown) {
      say(String(thrown?.stack ?? thrown));
      outcome = count(0, 1, [], ['could not be run']);
    }
    outcomes.push({ name, ...outcome, seconds: Math.round((Date.now() - began) / 1000) });
  }

  say(`\n${bold('Summary')}`);
  for (const { name, passed, failed, skipped, names: failures, seconds } of outcomes) {
    say(`  ${failed === 0 ? green('ok  ') : red('FAIL')} ${name.padEnd(14)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed ${String(skipped.length).padStart(4)} skipped ${String(seconds).padStart(5)} s`);
    for (const failure of failures) say(`         ${red('failed')} ${failure}`);
    for (const [text, times] of tally(skipped)) say(`         skipped ${times > 1 ? `${times} x ` : ''}${text}`);
  }
  const sum = (field) => outcomes.reduce((total, outcome) => total + (Array.isArray(outcome[field]) ? outcome[field].length : outcome[field]), 0);
  const skipped = sum('skipped');
  say(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
  if (sum('failed') > 0 || sum('passed') === 0) process.exitCode = 1;
});

function tally(list) {
  const counts = new Map();
  for (const item of list) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
