import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import path from 'node:path';
import { hostname } from 'node:os';
import { connect } from 'node:tls';
import { hostAllowed } from '../src/http/browsers.ts';
import { createLimiter, loginLimits, peerOf } from '../src/http/rate-limit.ts';
import { startService } from '../src/cli/service.ts';
import { readFileSync } from 'node:fs';
import { parseConfig } from '../src/config/load.ts';
import { temporaryFolder } from './command.ts';
import { recordingLog, until } from './fixtures.ts';
import { run, tokens, whenDone, type Running } from './running.ts';

interface Raw { readonly status: number; readonly headers: Record<string, string | string[] | undefined>; readonly body: string }

/** As a browser or an attacker may send it; `fetch` would not let one. */
async function raw(port: number, { method = 'GET', where = '/api/v1/health', headers = {}, body = '' }: { method?: string; where?: string; headers?: Record<string, string>; body?: string }): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path: where, headers: { authorization: `Bearer ${tokens.admin}`, ...headers } }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on('error', reject).end(body);
  });
}

const json = { 'content-type': 'application/json' };
const order = JSON.stringify({ action: 'locate', miners: ['m1'] });

describe('a page of another site', () => {
  const begun = async (): Promise<Running> => run({ m1: '127.0.0.1:9' }, { control: '{enabled: true}' });

  test('cannot send what a form can, not even with a token: only JSON is taken', async () => {
    const running = await begun();
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x', 'application/jsonp', 'text/json']) {
      for (const [method, where] of [['POST', '/actions'], ['POST', '/jobs/x/cancel'], ['PUT', '/rigs/m1/intent'], ['DELETE', '/rigs/m1/mac'], ['POST', '/approvals/x/approve']] as const) {
        const { status, headers, body } = await raw(running.service.apiPort, { method, where: `/api/v1${where}`, headers: { 'content-type': type, 'content-length': String(order.length) }, body: order });
        expect([type, where, status, headers['content-type'], (JSON.parse(body) as { code: string }).code]).toEqual([type, where, 415, expect.stringContaining('application/problem+json'), 'media_type']);
      }
    }
  });

  test('is told nothing when it asks first, and refused when its browser says whence it comes', async () => {
    const running = await begun();
    const preflight = await raw(running.service.apiPort, { method: 'OPTIONS', where: '/api/v1/actions', headers: { 'origin': 'https://evil.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization, content-type' } });
    expect([preflight.status, Object.keys(preflight.headers).filter((name) => name.startsWith('access-control'))]).toEqual([405, []]);
    for (const site of ['cross-site', 'same-site', 'nonsense']) {
      const refused = await raw(running.service.apiPort, { method: 'POST', where: '/api/v1/actions', headers: { ...json, 'sec-fetch-site': site }, body: order });
      expect([site, refused.status, (JSON.parse(refused.body) as { field: string }).field]).toEqual([site, 403, 'Sec-Fetch-Site']);
      expect((await raw(running.service.apiPort, { headers: { 'sec-fetch-site': site } })).status).toBe(403);
      expect((await raw(running.service.metricsPort, { method: 'POST', where: '/-/reload', headers: { 'sec-fetch-site': site } })).status).toBe(403);
    }
    for (const site of ['same-origin', 'none']) expect((await raw(running.service.apiPort, { headers: { 'sec-fetch-site': site } })).status).toBe(200);
  });

  test('cannot come by a name of its own that leads here', async () => {
    const running = await run({}, { sections: '', withoutTokens: false });
    for (const host of ['evil.example', 'evil.example:9789', '127.0.0.1.evil.example', 'localhost.evil.example']) {
      const refused = await raw(running.service.apiPort, { headers: { host } });
      expect([host, refused.status, (JSON.parse(refused.body) as { detail: string }).detail]).toEqual([host, 421, expect.stringContaining('api.hosts')]);
    }
    for (const host of ['127.0.0.1', '[::1]:9789', 'localhost:9789', 'exporter:9789', hostname()]) expect([host, (await raw(running.service.apiPort, { headers: { host } })).status]).toEqual([host, 200]);
    expect([hostAllowed('farm.example.org:9789', ['farm.example.org']), hostAllowed('a.farm.example.org', ['farm.example.org']), hostAllowed('', []), hostAllowed('a b', [])]).toEqual([true, false, false, false]);
  });

  test('finds no reply that a browser would run, frame or keep', async () => {
    const running = await begun();
    for (const where of ['/api/v1/health', '/api/v1/nowhere', '/api/v1/openapi.json']) {
      expect((await raw(running.service.apiPort, { where })).headers).toMatchObject({
        'cache-control': 'no-store', 'content-security-policy': "default-src 'none';frame-ancestors 'none'", 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
  });
});

describe('a peer', () => {
  test('may send a burst, then as many as flow in, and is told how long to wait', () => {
    let clock = 0;
    const limiter = createLimiter({ loopback: { burst: 100, perSecond: 10 }, other: { burst: 3, perSecond: 0.5 } }, () => clock);
    const taken = (peer: string, times: number) => Array.from({ length: times }, () => limiter.take(peer));
    expect(taken('192.0.2.1', 5)).toEqual([0, 0, 0, 2, 2]);
    clock = 2000;
    expect(taken('192.0.2.1', 2)).toEqual([0, 2]);
    expect(limiter.wait('192.0.2.1')).toBe(2);
    expect(taken('127.0.0.1', 100)).toEqual(Array(100).fill(0));
    expect(limiter.take('::1')).toBe(1);
    clock = 1e9;
    expect(taken('192.0.2.1', 4)).toEqual([0, 0, 0, 2]);
  });

  test('is one /64 of IPv6 and one address of IPv4, however it is written', () => {
    expect([peerOf('192.0.2.1'), peerOf('::ffff:192.0.2.1')]).toEqual(['192.0.2.1', '192.0.2.1']);
    expect([peerOf('2001:db8:1:2::1'), peerOf('2001:0db8:1:2:3:4:5:6'), peerOf('2001:db8::5')]).toEqual(['2001:db8:1:2', '2001:db8:1:2', '2001:db8:0:0']);
    expect(peerOf('fe80::1%eth0')).toBe('fe80:0:0:0');
  });

  test('that guesses tokens is not compared any more, with Retry-After, while it may still be let in later', async () => {
    const running = await run({});
    let last = await raw(running.service.apiPort, { headers: { authorization: 'Bearer guess' } });
    for (let tries = 0; tries < loginLimits.loopback.burst * 3 && last.status === 401; tries += 1) last = await raw(running.service.apiPort, { headers: { authorization: 'Bearer guess' } });
    expect([last.status, Number(last.headers['retry-after']), (JSON.parse(last.body) as { detail: string }).detail]).toEqual([429, 1, expect.stringContaining('refused tokens')]);
    await until('it is let in again', async () => (await raw(running.service.apiPort, {})).status === 200);
  });
});

describe('TLS', () => {
  /** A key with a certificate, of an authority where one is given. */
  function certificate(folder: string, name: string, authority?: string): void {
    const file = (end: string) => path.join(folder, `${name}.${end}`);
    const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
    if (authority === undefined) {
      openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key'), '-out', file('crt'), '-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1');
      return;
    }
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key'), '-out', file('csr'), '-subj', `/CN=${name}`);
    openssl('x509', '-req', '-in', file('csr'), '-CA', path.join(folder, `${authority}.crt`), '-CAkey', path.join(folder, `${authority}.key`), '-out', file('crt'), '-days', '2', '-set_serial', '7');
  }

  async function begun(folder: string, tls: string) {
    const { log, lines } = recordingLog();
    let present = tls;
    const load = () => parseConfig(`miners: []\napi: {tls: ${present}, tokens: [{name: t, scope: read, token_env: T}]}`);
    const dataFolder = temporaryFolder();
    const service = await startService({ config: load(), load, folder, dataFolder, metrics: { host: '127.0.0.1', port: 0 }, api: { host: '127.0.0.1', port: 0 }, log, environment: { T: tokens.read } });
    whenDone(async () => service.stop());
    return { service, lines, write: (next: string) => { present = next; } };
  }

  async function health(port: number, options: { ca: Buffer; cert?: Buffer; key?: Buffer; maxVersion?: 'TLSv1.1' | 'TLSv1.2' }): Promise<number> {
    return new Promise((resolve, reject) => {
      requestTls({ host: '127.0.0.1', port, path: '/api/v1/health', agent: false, headers: { authorization: `Bearer ${tokens.read}` }, ...options, ...(options.maxVersion === undefined ? {} : { minVersion: 'TLSv1' as const }) }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      }).on('error', reject).end();
    });
  }

  const subjectOf = async (port: number): Promise<string> => new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    }).on('error', reject);
  });

  test('serves from 1.2 on, takes a renewed certificate without a restart, and keeps the old one when the new is broken', async () => {
    const folder = temporaryFolder();
    for (const name of ['first', 'second']) certificate(folder, name);
    const put = (name: string, ends: readonly string[]) => {
      for (const end of ends) copyFileSync(path.join(folder, `${name}.${end}`), path.join(folder, `api.${end}`));
    };
    put('first', ['crt', 'key']);
    const { service, lines, write } = await begun(folder, '{cert_file: api.crt, key_file: api.key}');
    const ca = readFileSync(path.join(folder, 'first.crt'));
    expect(await health(service.apiPort, { ca })).toBe(200);
    expect(await health(service.apiPort, { ca, maxVersion: 'TLSv1.2' })).toBe(200);
    await expect(health(service.apiPort, { ca, maxVersion: 'TLSv1.1' })).rejects.toThrow();
    await expect(raw(service.apiPort, {})).rejects.toThrow();
    put('second', ['crt']);
    await until('the half pair was refused', () => lines.some(({ msg }) => msg === 'the new certificate of the API was refused; the old one stays in force'), 15_000);
    expect(await subjectOf(service.apiPort)).toBe('first');
    put('second', ['key']);
    await until('the new one is served', async () => (await subjectOf(service.apiPort)) === 'second', 15_000);
    write('{cert_file: api.crt, key_file: api.key, client_ca_file: first.crt}');
    await expect(service.reload()).rejects.toThrow('api.tls: is on with client_ca_file in the file and on in this process; start the exporter anew to change it.');
  }, 60_000);

  test('with client_ca_file lets in only who shows a certificate of that authority', async () => {
    const folder = temporaryFolder();
    for (const name of ['api', 'authority', 'stranger']) certificate(folder, name);
    certificate(folder, 'grafana', 'authority');
    const { service } = await begun(folder, '{cert_file: api.crt, key_file: api.key, client_ca_file: authority.crt}');
    const read = (file: string) => readFileSync(path.join(folder, file));
    const ca = read('api.crt');
    expect(await health(service.apiPort, { ca, cert: read('grafana.crt'), key: read('grafana.key') })).toBe(200);
    await expect(health(service.apiPort, { ca })).rejects.toThrow();
    await expect(health(service.apiPort, { ca, cert: read('stranger.crt'), key: read('stranger.key') })).rejects.toThrow();
  }, 60_000);

  test('names the file that is missing, and a pair that is none, before anything starts', async () => {
    const folder = temporaryFolder();
    certificate(folder, 'api');
    certificate(folder, 'other');
    await expect(begun(folder, '{cert_file: none.crt, key_file: api.key}')).rejects.toThrow(/^api\.tls\.cert_file: none\.crt cannot be read: /);
    await expect(begun(folder, '{cert_file: api.crt, key_file: other.key}')).rejects.toThrow(/^api\.tls: api\.crt, other\.key are no certificate with its key: /);
  }, 60_000);
});
