/** Pages of docs/ that are made by the exporter are those that it makes now. */
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openapiDocument } from '../exporter/src/http/openapi.ts';
import { catalogue } from '../exporter/src/metrics/catalogue.ts';
import { seriesReference } from '../exporter/src/metrics/reference.ts';
import { version } from '../exporter/src/cli/version.ts';

const docs = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../docs');
const page = (name: string) => readFileSync(path.join(docs, name), 'utf8');

test('docs/metrics.md is what "hashfleet series" prints, with a row for every series', () => {
  expect(page('metrics.md').trimEnd()).toBe(seriesReference().trimEnd());
  for (const name of Object.keys(catalogue)) expect(page('metrics.md')).toContain(`| \`${name}\` |`);
});

test('docs/openapi.json is what "hashfleet openapi" prints', () => {
  expect(JSON.parse(page('openapi.json'))).toEqual(openapiDocument(version));
});
