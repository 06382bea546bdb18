/** `npm run package`: the built plugin as the ZIP that Grafana's catalogue and `grafana cli` take, with its checksum. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * All files of a built plugin under one folder of the plugin's id, as Grafana unpacks it; the same build gives the same bytes.
 * @throws Error when `dist` is no build.
 */
export function packagePlugin(dist) {
  if (!existsSync(path.join(dist, 'module.js'))) {throw new Error(`${dist} has no module.js; build the plugin first: npm run build`);}
  const { id, info } = JSON.parse(readFileSync(path.join(dist, 'plugin.json'), 'utf8'));
  if (/%/.test(info.version)) {throw new Error(`${dist} is not a production build: its version still is ${info.version}`);}
  const names = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.relative(dist, path.join(entry.parentPath, entry.name))).sort();
  // Dates in a ZIP would make each package another one; the first that the format knows stands for none.
  const mtime = new Date(1980, 0, 1);
  const files = Object.fromEntries(names.map((name) => [`${id}/${name.split(path.sep).join('/')}`, [readFileSync(path.join(dist, name)), { mtime, level: 9 }]]));
  return { name: `${id}-${info.version}.zip`, files: names.length, bytes: Buffer.from(zipSync(files)) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { name, files, bytes } = packagePlugin(path.join(root, 'dist'));
    const folder = path.join(root, 'dist-package');
    mkdirSync(folder, { recursive: true });
    const sum = createHash('sha1').update(bytes).digest('hex');
    writeFileSync(path.join(folder, name), bytes);
    writeFileSync(path.join(folder, `${name}.sha1`), `${sum}\n`);
    console.log(`dist-package/${name}: ${files} files, ${(bytes.length / 1024).toFixed(0)} KB, SHA-1 ${sum}. It is not signed: see README.md.`);
  } catch (thrown) {
    console.error(thrown.message);
    process.exitCode = 1;
  }
}
