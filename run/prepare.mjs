// Installs and builds what is missing, and nothing that is there: both commands begin with it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failed, say, step } from './say.mjs';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => path.join(root, ...parts);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** Programs that come from Debian, and the packages that bring each. */
const debianPackages = {
  prometheus: 'prometheus', promtool: 'prometheus', 'prometheus-alertmanager': 'prometheus-alertmanager', amtool: 'prometheus-alertmanager',
  // Chromium's fonts are only recommended by its package; without any, text has no width.
  chromium: 'chromium fonts-liberation', 'docker-compose': 'docker-compose',
};

/** Where a program is, or undefined. Elsewhere than on Debian, Alertmanager goes by its own name. */
export function findProgram(name) {
  const names = name === 'prometheus-alertmanager' ? [name, 'alertmanager'] : [name];
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    for (const one of names) {
      const file = path.join(folder, one);
      try {
        accessSync(file, constants.X_OK);
        if (statSync(file).isFile()) return file;
      } catch { /* not here */ }
    }
  }
  return undefined;
}

async function debian(programs) {
  const missing = programs.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.flatMap((name) => debianPackages[name].split(' ')))];
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) {
    throw new Failed(`These programs are missing: ${missing.join(', ')}.\n  On Debian or Ubuntu: sudo ${command}\n  Elsewhere: install Prometheus and Alertmanager (prometheus.io/download)${missing.includes('chromium') ? ' and Chromium' : ''}, and put them on the PATH.`);
  }
  say(`Missing: ${missing.join(', ')}. You are root on Debian, so they are installed from Debian's packages.`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await step('apt-get update', ['apt-get', 'update', '-qq'], { env });
  await step(command, command.split(' '), { env });
}

/** A hash of everything a folder's result depends on: file names, sizes and contents. */
function fingerprint(paths) {
  const hash = createHash('sha256').update(process.version);
  const add = (file) => {
    if (!existsSync(file)) return;
    if (!statSync(file).isDirectory()) {
      hash.update(file).update(readFileSync(file));
      return;
    }
    for (const name of readdirSync(file).sort()) {
      if (!['node_modules', 'dist', 'public-build', 'coverage', 'test-results', 'playwright-report'].includes(name)) add(path.join(file, name));
    }
  };
  paths.forEach(add);
  return hash.digest('hex');
}

/** Does the work unless its result is there and was made from the same inputs. */
async function unlessDone(name, { inputs, result, work }) {
  const stamp = at('.hashfleet', 'stamps', name);
  const wanted = fingerprint(inputs);
  if (existsSync(result) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  await work();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

// `npm install --no-save` and not `npm ci`: ci refuses a lock file that lacks the optional binaries of other platforms,
// which is what a lock file has when it was written against a registry mirror without them. Versions are the locked ones.
async function packages(folder, label) {
  await unlessDone(`install-${label}`, {
    inputs: [path.join(folder, 'package.json'), path.join(folder, 'package-lock.json'), ...(folder === root ? readdirSync(root).map((name) => at(name, 'package.json')).filter(existsSync) : [])],
    result: path.join(folder, 'node_modules'),
    work: async () => step(`Installing npm packages of ${label}`, [npm, 'install', '--no-save', '--no-audit', '--no-fund', '--no-progress'], { cwd: folder }),
  });
}

/**
 * @param {{plugin?: boolean, programs?: string[]}} [wanted] `plugin`: the Grafana plugin and its host too
 */
export async function prepare({ plugin = true, programs = [] } = {}) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 18)) throw new Failed(`Node ${process.versions.node} is too old: 20.18 or newer is needed (24 recommended).`);
  await debian(programs);
  await packages(root, 'hashfleet');
  for (const name of ['exporter', 'simulator', 'dashboards', 'alerting-rules', 'bench']) {
    const dependencies = name === 'bench' ? ['exporter', 'simulator'] : name === 'dashboards' ? ['alerting-rules'] : [];
    await unlessDone(`build-${name}`, {
      inputs: [at(name, 'src'), at(name, 'package.json'), at(name, 'tsconfig.json'), at('tsconfig.json'), ...dependencies.map((one) => at(one, 'src'))],
      result: at(name, 'dist'),
      work: async () => step(`Building ${name}`, [process.execPath, at('node_modules/typescript/bin/tsc'), '-p', at(name, 'tsconfig.json')], { cwd: root }),
    });
  }
  if (!plugin) return;
  for (const name of ['grafana-plugin', 'plugin-host']) await packages(at(name), name);
  await unlessDone('build-grafana-plugin', {
    inputs: [at('grafana-plugin')],
    result: at('grafana-plugin/dist/module.js'),
    work: async () => step('Building grafana-plugin', [npm, 'run', 'build'], { cwd: at('grafana-plugin') }),
  });
  await unlessDone('build-plugin-host', {
    inputs: [at('plugin-host')],
    result: at('plugin-host/public-build'),
    work: async () => step('Building plugin-host', [npm, 'run', 'build'], { cwd: at('plugin-host') }),
  });
}
