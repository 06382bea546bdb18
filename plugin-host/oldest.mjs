/* Builds this host with the oldest Grafana packages that the plugin supports: node oldest.mjs DIR, then node DIR/dist/server.mjs. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const [wanted] = process.argv.slice(2);
if (!wanted || wanted.startsWith('-')) {
  console.log('Usage: node oldest.mjs DIR\n\nInstalls and builds the plugin host with Grafana 12.3 packages and React 18 in DIR.');
  process.exit(wanted === '--help' || wanted === '-h' ? 0 : 2);
}
const folder = path.resolve(wanted);
mkdirSync(folder, { recursive: true });
for (const name of ['src', 'build.mjs', 'tsconfig.json', 'tsconfig.page.json']) {
  cpSync(path.join(here, name), path.join(folder, name), { recursive: true });
}

const description = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8'));
for (const name of Object.keys(description.dependencies)) {
  if (name.startsWith('@grafana/')) {
    description.dependencies[name] = '12.3.3';
  }
}
Object.assign(description.dependencies, { react: '18.3.1', 'react-dom': '18.3.1', i18next: '^25' });
delete description.devDependencies['@types/react'];
delete description.devDependencies['@types/react-dom'];
// @grafana/ui before 13.0.2 takes react-data-grid from a tarball on GitHub.
description.overrides = { 'react-data-grid': '7.0.0-beta.56', '@babel/types': '7.29.14' };
writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);

for (const [program, ...rest] of [
  ['npm', 'install', '--legacy-peer-deps', '--no-audit', '--no-fund'],
  [process.execPath, 'build.mjs', '--only=page,server'],
]) {
  const { status } = spawnSync(program, rest, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}
console.log(`Built. Start it with the flags of the usual host: node ${path.join(folder, 'dist/server.mjs')} --help`);
