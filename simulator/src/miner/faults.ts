/** What can go wrong. `conditions` are troubles of the machine (vnish-api.md 6.4); `manners` are troubles of its HTTP server, `rpcManners` of TCP 4028. */

export const conditions = [
  'board_missing', 'board_failed', 'chips_bad', 'chip_overheat', 'fan_lost', 'pool_down', 'pool_rejecting',
  'hashrate_degraded', 'preset_drift', 'hw_errors', 'hot_inlet', 'sensor_fault', 'psu_trouble', 'config_damaged',
  'stuck_autotune', 'stock_fallback', 'unplugged', 'hashrate_theft',
] as const;

export const manners = [
  'hang', 'drip', 'endless', 'html', 'bad_json', 'cut', 'reset', 'not_http', 'slow', 'http_500', 'huge_headers',
  'garbage_values', 'wrong_content_type',
] as const;

export const rpcManners = ['rpc_silent', 'rpc_cut', 'rpc_bad_json', 'rpc_drip', 'rpc_endless', 'rpc_refused'] as const;

export type ConditionKind = (typeof conditions)[number];
export type MannerKind = (typeof manners)[number];
export type RpcMannerKind = (typeof rpcManners)[number];
export type FaultKind = ConditionKind | MannerKind | RpcMannerKind;

export interface FaultParams {
  /** 1-based board. */
  readonly board?: number;
  /** 0-based fan. */
  readonly fan?: number;
  /** Pool id, or `all`. */
  readonly pool?: number | 'all';
  /** How many chips. */
  readonly count?: number;
  /** Degrees on top. */
  readonly celsius?: number;
  /** Hardware errors a minute. */
  readonly perMinute?: number;
  /** Share of shares, or of hashrate lost an hour. */
  readonly ratio?: number;
  /** `hashrate_theft`: part of the work that goes elsewhere, 0 to 1; where to, and under which name. */
  readonly share?: number;
  readonly url?: string;
  readonly worker?: string;
  /** Hashrate never falls below this share. */
  readonly floor?: number;
  readonly preset?: string;
  /**
   * Sensor fault: `error` (state error, 0 °C), `zero`, or `stuck`. `http_500`: with `undone` the request has no effect,
   * with `ignored` neither, and it is answered as if it had.
   */
  readonly mode?: string;
  /** For `slow`, `drip` and `rpc_drip`: real milliseconds. */
  readonly milliseconds?: number;
  /** Only requests whose path begins so are mistreated; with `$` at its end, only those with exactly this path. */
  readonly path?: string;
  /** Only requests of this method. */
  readonly method?: string;
}

export interface ActiveFault {
  readonly kind: FaultKind;
  readonly params: FaultParams;
  readonly sinceMs: number;
  /** Board trouble for which the firmware has given up restarting. */
  givenUp?: boolean;
}

const numbers = ['board', 'fan', 'count', 'celsius', 'perMinute', 'ratio', 'share', 'floor', 'milliseconds'] as const;
const texts = ['preset', 'mode', 'path', 'method', 'url', 'worker'] as const;

export class UnknownFault extends Error {}

export function isFaultKind(text: string): text is FaultKind {
  return [...conditions, ...manners, ...rpcManners].some((kind) => kind === text);
}

export function isManner(kind: FaultKind): kind is MannerKind {
  return (manners as readonly string[]).includes(kind);
}

export function isRpcManner(kind: FaultKind): kind is RpcMannerKind {
  return (rpcManners as readonly string[]).includes(kind);
}

/** Reads `{kind, ...params}` as the control port gets it. Throws UnknownFault with what is allowed. */
export function readFault(body: Readonly<Record<string, unknown>>): { kind: FaultKind; params: FaultParams } {
  const { kind, ...rest } = body;
  if (typeof kind !== 'string' || !isFaultKind(kind)) {
    throw new UnknownFault(`kind must be one of ${[...conditions, ...manners, ...rpcManners].join(', ')}; got ${JSON.stringify(kind)}`);
  }
  const params: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest)) {
    const known: readonly string[] = [...numbers, ...texts, 'pool'];
    if (!known.includes(name)) throw new UnknownFault(`unknown parameter ${name}; known: ${known.join(', ')}`);
    const expected = (texts as readonly string[]).includes(name) ? 'string' : 'number';
    if (typeof value !== expected && !(name === 'pool' && value === 'all')) {
      throw new UnknownFault(`${name} must be a ${expected}; got ${JSON.stringify(value)}`);
    }
    if (name === 'share' && typeof value === 'number' && !(value >= 0 && value <= 1)) throw new UnknownFault(`share must be from 0 to 1; got ${value}`);
    params[name] = value;
  }
  return { kind, params };
}

/** Two faults are the same trouble when kind and place are the same; the newer then replaces the older. */
export function samePlace(a: ActiveFault, b: ActiveFault): boolean {
  return a.kind === b.kind && a.params.board === b.params.board && a.params.fan === b.params.fan && a.params.pool === b.params.pool;
}
