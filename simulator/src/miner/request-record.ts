/** What clients asked a miner, kept so that a test can say "exactly one restart was sent". */
import type { CredentialKind } from './auth.ts';

export interface RecordedRequest {
  /** Simulated Unix time, ms. */
  readonly timeMs: number;
  readonly method: string;
  /** Path as sent, without query. */
  readonly path: string;
  readonly query: string;
  readonly auth: CredentialKind;
  readonly authValid: boolean;
  /** Parsed body; passwords and keys are replaced by `***`. Null when there was none. */
  readonly body: unknown;
}

export interface RequestFilter { readonly method?: string | undefined; readonly path?: string | undefined }

export interface RequestRecord {
  add(request: RecordedRequest): void;
  list(filter?: RequestFilter): RecordedRequest[];
  clear(): void;
}

const secretNames = new Set(['pw', 'current', 'password', 'key']);

/** Passwords go, whole; of a pool's password only `k=` (an account key) goes, for `n=` is the worker's name. */
export function withoutSecrets(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((entry) => withoutSecrets(entry));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withoutSecrets(entry, key)]));
  }
  // `current` is also the name of the timezone, which is no secret.
  if (typeof value === 'string' && secretNames.has(name) && !value.startsWith('GMT')) return '***';
  if (typeof value === 'string' && name === 'pass') return value.replace(/(^|,)k=[^,]*/g, '$1k=***');
  return value;
}

export function recordedBody(body: Buffer): unknown {
  if (body.length === 0) return null;
  try {
    return withoutSecrets(JSON.parse(body.toString('utf8')));
  } catch {
    return `(${body.length} bytes, not JSON)`;
  }
}

export function createRequestRecord(limit = 500): RequestRecord {
  let ring: RecordedRequest[] = [];
  return {
    add: (request) => {
      ring.push(request);
      if (ring.length > limit) ring.shift();
    },
    list: ({ method, path } = {}) => ring.filter((request) =>
      (method === undefined || request.method === method.toUpperCase()) && (path === undefined || request.path.endsWith(path) || request.path.startsWith(path))),
    clear: () => {
      ring = [];
    },
  };
}
