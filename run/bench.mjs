// npm run bench -- NAME [--json] | --list
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { prepare, root } from './prepare.mjs';
import { main, speakOn } from './say.mjs';

await main(async () => {
  // The figures alone go to standard output.
  if (process.argv.includes('--json') || process.argv.includes('--list')) speakOn(process.stderr);
  await prepare({ plugin: false });
  const { status } = spawnSync(process.execPath, ['--expose-gc', path.join(root, 'bench/dist/main.js'), ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
});
