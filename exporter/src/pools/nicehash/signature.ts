/** NiceHash's signature of a request (docs.nicehash.com, "Signing requests"). */
import { createHmac } from 'node:crypto';

export interface Signed {
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly organization: string;
  /** Unix ms; the pool refuses what is more than five minutes from its own clock. */
  readonly timeMs: number;
  /** Never the same twice, at most 36 characters. */
  readonly nonce: string;
  readonly requestId: string;
  readonly method: 'GET';
  /** As they are sent, the query without its question mark. */
  readonly path: string;
  readonly query: string;
}

/**
 * The headers of a signed request: the HMAC-SHA256, in hexadecimal, of key, time, nonce, nothing, organization, nothing, method, path and query with a
 * zero byte between each two. The secret is taken as text, hyphens included.
 */
export function signedHeaders({ apiKey, apiSecret, organization, timeMs, nonce, requestId, method, path, query }: Signed): Record<string, string> {
  const input = [apiKey, String(timeMs), nonce, '', organization, '', method, path, query].join('\0');
  // The headers' own encoding.
  const signature = createHmac('sha256', apiSecret).update(Buffer.from(input, 'latin1')).digest('hex');
  return { 'X-Time': String(timeMs), 'X-Nonce': nonce, 'X-Organization-Id': organization, 'X-Request-Id': requestId, 'X-Auth': `${apiKey}:${signature}` };
}
