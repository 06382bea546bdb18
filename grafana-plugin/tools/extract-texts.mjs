/* Collects the English texts of every t(key, default) into the locale file that Grafana before 13.1 asks for.
   `node tools/extract-texts.mjs` writes it, `--check` only compares. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const target = path.join(root, 'src/locales/en-US/hashfleet-miningfleet-app.json');

const isText = (node) => node !== undefined && ts.isStringLiteralLike(node);

function textsOf(file) {
  const found = [];
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true, file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  const visit = (node) => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 't') {
      const [key, text] = node.arguments;
      if (!isText(key) || !isText(text)) {
        throw new Error(`${path.relative(root, file)}: t() wants a literal key and a literal text: ${node.getText().slice(0, 80)}`);
      }
      found.push([key.text, text.text]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

export function collectTexts() {
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.includes('.test.'))
    .sort();
  const tree = {};
  for (const [key, text] of files.flatMap((name) => textsOf(path.join(root, 'src', name)))) {
    const parts = key.split('.');
    const last = parts.pop();
    let branch = tree;
    for (const part of parts) {
      branch[part] ??= {};
      branch = branch[part];
      if (typeof branch === 'string') {
        throw new Error(`"${key}" lies below a key that is a text itself`);
      }
    }
    if (branch[last] !== undefined && branch[last] !== text) {
      throw new Error(`"${key}" has two texts: "${JSON.stringify(branch[last])}" and "${text}"`);
    }
    branch[last] = text;
  }
  const sorted = (branch) => (typeof branch === 'string' ? branch : Object.fromEntries(Object.keys(branch).sort().map((key) => [key, sorted(branch[key])])));
  return sorted(tree);
}

const texts = `${JSON.stringify(collectTexts(), null, 2)}\n`;
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== texts) {
    console.error('The locale file is not up to date: run npm run i18n');
    process.exit(1);
  }
} else {
  writeFileSync(target, texts);
}
