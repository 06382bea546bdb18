// Builds the TypeScript packages (tsc). The Grafana plugin and its host have builds of their own: run/prepare.mjs.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const packages = ['exporter', 'simulator', 'dashboards', 'alerting-rules', 'bench'];

for (const name of packages) {
  process.stdout.write(`Building ${name}\n`);
  const { status } = spawnSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', path.join(root, name, 'tsconfig.json')], { stdio: 'inherit', cwd: root });
  if (status !== 0) process.exit(status ?? 1);
}
