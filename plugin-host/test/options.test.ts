import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readOptions } from '../src/server/options.ts';

describe('flags and environment', () => {
  it('have defaults that suit a fresh clone', () => {
    assert.deepEqual(readOptions([], {}, '/project/plugin-host'), {
      port: 3300, dist: '/project/grafana-plugin/dist', prometheusUrl: 'http://127.0.0.1:9090', sendUserHeader: true,
    });
  });

  it('are read with flags first, and tokens from files', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'plugin-host-'));
    const file = path.join(folder, 'token');
    writeFileSync(file, 'from-file\n');
    const options = readOptions(['--port', '4000', '--api', 'http://x:9789/', '--read-token-file', file], { PLUGIN_HOST_PORT: '1', HASHFLEET_OPERATE_TOKEN: 'from-env' }, '/p');
    rmSync(folder, { recursive: true });
    assert.equal((options as { readToken?: string }).readToken, 'from-file');
    assert.equal((options as { operateToken?: string }).operateToken, 'from-env');
  });

  it('that make no sense are refused with a sentence', () => {
    assert.throws(() => readOptions(['--port', 'x'], {}, '/p'), /--port must be a whole number/);
    assert.throws(() => readOptions(['--prometheus', 'localhost'], {}, '/p'), /--prometheus must be an http or https URL/);
    assert.throws(() => readOptions(['--read-token-file', '/no/such/file'], {}, '/p'), /cannot be read/);
    assert.throws(() => readOptions(['--colour'], {}, '/p'), /colour/);
  });
});
