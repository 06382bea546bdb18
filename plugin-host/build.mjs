/* Builds the page (public-build/), the server (dist/server.mjs) and the tests (dist/test/). `--only=page,server,tests` picks. */
import { build } from 'esbuild';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(fileURLToPath(import.meta.url));
const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length).split(',');
const wanted = (part) => !only || only.includes(part);

/**
 * The published files are .mjs, so a bundler gives the default import of a CommonJS package its whole exports object.
 * Grafana itself is built from source without that rule; this unwraps __esModule defaults the same way.
 */
const unwrapDefaults = {
  name: 'unwrap-commonjs-defaults',
  setup(bundler) {
    bundler.onLoad({ filter: /node_modules\/@grafana\/[^/]+\/dist\/esm\/.*\.mjs$/ }, (file) => {
      const unwrapped = [];
      const code = readFileSync(file.path, 'utf8').replace(/^import (\w+)((?:, \{[^}]*\})?) from '([^.'][^']*)';$/gm, (whole, name, rest, from) => {
        if (from === 'react') {
          return whole;
        }
        unwrapped.push(`var ${name} = ${name}__raw && ${name}__raw.__esModule && 'default' in ${name}__raw ? ${name}__raw.default : ${name}__raw;`);
        return `import ${name}__raw${rest} from '${from}';`;
      });
      return unwrapped.length ? { contents: `${code}\n`.replace(/(\n(?!import |\s|\}|["']use strict)[^\n]*)/, `\n${unwrapped.join('\n')}$1`), loader: 'js' } : undefined;
    });
  },
};

/** Files outside the packages' export maps; those that a Grafana version lacks become functions that do nothing. */
const internalFiles = {
  name: 'internal-files',
  setup(bundler) {
    bundler.onResolve({ filter: /^(runtime|i18n)-internal\// }, ({ path: wantedPath, importer }) => {
      const [, name, rest] = /^(runtime|i18n)-internal\/(.*)$/.exec(wantedPath);
      const file = path.join(root, 'node_modules/@grafana', name, 'dist/esm', rest);
      return existsSync(file) ? { path: file } : { path: wantedPath, namespace: 'absent', pluginData: { importer } };
    });
    bundler.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path: wantedPath, pluginData }) => {
      const imports = [...readFileSync(pluginData.importer, 'utf8').matchAll(/^import \{([^}]*)\} from '([^']*)';$/gm)];
      const names = imports.filter(([, , from]) => from === wantedPath).flatMap(([, list]) => list.split(',').map((name) => name.trim()));
      return { contents: names.map((name) => `export const ${name} = () => undefined;`).join('\n'), loader: 'js' };
    });
  },
};

async function buildPage() {
  rmSync(path.join(root, 'public-build'), { recursive: true, force: true });
  await build({
    entryPoints: { host: path.join(root, 'src/page/host.tsx') },
    bundle: true,
    outdir: path.join(root, 'public-build'),
    format: 'iife',
    target: 'es2020',
    jsx: 'automatic',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    logLevel: 'warning',
    define: {
      'process.env.NODE_ENV': '"production"',
      'process.env': '{}',
      'process.platform': '"browser"',
      global: 'window',
      // SystemJS' amd extra makes a global define(); UMD packages in the bundle must not see it.
      define: 'undefined',
    },
    loader: { '.svg': 'dataurl', '.png': 'dataurl', '.woff2': 'file', '.woff': 'file', '.ttf': 'file' },
    plugins: [unwrapDefaults, internalFiles],
  });
}

const forNode = { bundle: true, platform: 'node', target: 'node20', format: 'esm', logLevel: 'warning', sourcemap: 'inline', absWorkingDir: root };

async function buildServer() {
  await build({ ...forNode, entryPoints: ['src/server/main.ts'], outfile: 'dist/server.mjs' });
}

async function buildTests() {
  rmSync(path.join(root, 'dist/test'), { recursive: true, force: true });
  const entryPoints = readdirSync(path.join(root, 'test')).filter((name) => name.endsWith('.test.ts')).map((name) => `test/${name}`);
  if (entryPoints.length > 0) {
    await build({ ...forNode, entryPoints, outdir: 'dist/test', outExtension: { '.js': '.mjs' } });
  }
}

for (const [part, make] of [['server', buildServer], ['tests', buildTests], ['page', buildPage]]) {
  if (wanted(part)) {
    const started = Date.now();
    await make();
    console.log(`${part} built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }
}
