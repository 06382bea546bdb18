/* The ZIP of the catalogue, made of a folder that stands for a build. */
import { execFileSync, spawnSync } from 'child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import path from 'path';
import { unzipSync } from 'fflate';

const project = path.resolve(__dirname, '../..');

/** A copy of the tool beside a folder `dist`, so that nothing is written into the project. */
function workshop(version: string | undefined): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'hashfleet-package-'));
  mkdirSync(path.join(folder, 'tools'));
  cpSync(path.join(project, 'tools/package.mjs'), path.join(folder, 'tools/package.mjs'));
  mkdirSync(path.join(folder, 'node_modules'));
  cpSync(path.join(project, 'node_modules/fflate'), path.join(folder, 'node_modules/fflate'), { recursive: true });
  mkdirSync(path.join(folder, 'dist/panels/one'), { recursive: true });
  if (version !== undefined) {
    writeFileSync(path.join(folder, 'dist/module.js'), 'define([], () => ({}));');
    writeFileSync(path.join(folder, 'dist/plugin.json'), JSON.stringify({ id: 'some-app', info: { version } }));
    writeFileSync(path.join(folder, 'dist/panels/one/module.js'), 'panel');
  }
  return folder;
}
const run = (folder: string) => spawnSync(process.execPath, [path.join(folder, 'tools/package.mjs')], { encoding: 'utf8' });

it('has every file under a folder of the plugin’s id, and a checksum beside it', () => {
  const folder = workshop('1.2.3');
  const { stdout, status } = run(folder);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^dist-package\/some-app-1\.2\.3\.zip: 3 files/);
  const zip = readFileSync(path.join(folder, 'dist-package/some-app-1.2.3.zip'));
  const files = unzipSync(zip);
  expect(Object.keys(files).sort()).toEqual(['some-app/module.js', 'some-app/panels/one/module.js', 'some-app/plugin.json']);
  expect(Buffer.from(files['some-app/panels/one/module.js']).toString()).toBe('panel');
  const sum = execFileSync('sha1sum', [path.join(folder, 'dist-package/some-app-1.2.3.zip')], { encoding: 'utf8' }).split(' ')[0];
  expect(readFileSync(path.join(folder, 'dist-package/some-app-1.2.3.zip.sha1'), 'utf8').trim()).toBe(sum);
});

it('is the same for the same build', () => {
  const folder = workshop('1.2.3');
  run(folder);
  const first = readFileSync(path.join(folder, 'dist-package/some-app-1.2.3.zip'));
  run(folder);
  expect(readFileSync(path.join(folder, 'dist-package/some-app-1.2.3.zip')).equals(first)).toBe(true);
});

it('is not made of what is no build', () => {
  for (const [version, said] of [[undefined, 'build the plugin first: npm run build'], ['%VERSION%', 'is not a production build']] as const) {
    const folder = workshop(version);
    const { stderr, status } = run(folder);
    expect(status).toBe(1);
    expect(stderr).toContain(said);
    expect(readdirSync(folder)).not.toContain('dist-package');
  }
});
