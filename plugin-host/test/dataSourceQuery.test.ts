import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { answerQueries, fillMacros, stepSeconds } from '../src/server/dataSourceQuery.ts';

let server: Server;
let url: string;
let asked: { path: string; form: URLSearchParams };
let reply: object;

before(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked = { path: request.url ?? '', form: new URLSearchParams(body) };
      response.end(JSON.stringify(reply));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

const range = { from: '0', to: '3600000' };

describe('queries for Prometheus', () => {
  it('fill the macros of Grafana', () => {
    assert.equal(fillMacros('rate(x[$__rate_interval]) + y[${__range}] + z[$__interval]', 30, 3600), 'rate(x[60s]) + y[3600s] + z[30s]');
    assert.equal(stepSeconds({ refId: 'A', intervalMs: 15_000, interval: '1m' }, 3600), 60);
  });

  it('give a frame for each series, with its labels, its legend and its odd numbers', async () => {
    reply = { status: 'success', data: { resultType: 'matrix', result: [{ metric: { __name__: 'x', miner: 'a' }, values: [[15, '1'], [30, 'NaN'], [45, '+Inf']] }] } };
    const { A } = await answerQueries(url, { ...range, queries: [{ refId: 'A', expr: 'x', intervalMs: 15_000, range: true, legendFormat: 'of {{miner}}' }] });
    const [frame] = A!.frames;
    assert.equal(asked.path, '/api/v1/query_range');
    assert.equal(asked.form.get('step'), '15');
    assert.equal(frame?.schema.name, 'of a');
    assert.deepEqual(frame?.data.values, [[15_000, 30_000, 45_000], [1, null, null]]);
    assert.deepEqual(frame?.data.entities, [null, { NaN: [1], Inf: [2] }]);
  });

  it('give a table of all series now, with a column for each label', async () => {
    reply = { status: 'success', data: { resultType: 'vector', result: [{ metric: { miner: 'a', site: 's' }, value: [9, '1'] }, { metric: { miner: 'b' }, value: [9, '2'] }] } };
    const { A } = await answerQueries(url, { ...range, queries: [{ refId: 'A', expr: 'x', instant: true, format: 'table' }, { refId: 'B', expr: 'y', instant: true, format: 'table' }] });
    assert.deepEqual(A!.frames[0]?.schema.fields.map((field) => field['name']), ['Time', 'miner', 'site', 'Value #A']);
    assert.deepEqual(A!.frames[0]?.data.values.slice(1), [['a', 'b'], ['s', ''], [1, 2]]);
  });

  it('carry what Prometheus complains about, and say when it is not there', async () => {
    reply = { status: 'error', error: 'parse error' };
    const bad = await answerQueries(url, { ...range, queries: [{ refId: 'A', expr: '(' }] });
    assert.equal(bad['A']?.error, 'parse error');
    const gone = await answerQueries('http://127.0.0.1:9', { ...range, queries: [{ refId: 'A', expr: 'x' }] });
    assert.match(gone['A']?.error ?? '', /cannot be reached/);
  });
});
