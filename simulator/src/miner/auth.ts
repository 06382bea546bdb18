/** Credentials as xminer-api handles them (vnish-api.md 1). */
import { randomText } from '../random.ts';

export type CredentialKind = 'bearer' | 'bare' | 'api-key' | 'digest' | 'none';

export interface Credential {
  readonly kind: CredentialKind;
  readonly valid: boolean;
  /** The token, when it was one. */
  readonly token?: string;
}

export interface AuthState {
  password: string;
  readonly seed: number;
  issued: number;
  /** Tokens and when they were issued. They die on reboot. */
  readonly tokens: Map<string, number>;
  readonly apiKeys: Map<string, string>;
  /** Times of wrong passwords. */
  wrong: number[];
  lockedUntilMs: number;
}

/** Wrong passwords within a minute before 429, and for how long. Not public, so ours [S]. */
export const unlockLimit = { attempts: 5, windowMs: 60_000, lockMs: 60_000 } as const;

export function createAuth(password: string, seed: number): AuthState {
  return { password, seed, issued: 0, tokens: new Map(), apiKeys: new Map(), wrong: [], lockedUntilMs: 0 };
}

/**
 * `Authorization: Bearer <token>` works everywhere; the bare token everywhere but on `/system/*`; `x-api-key` alone is
 * enough too (1.1, 1.2).
 */
export function readCredential(auth: AuthState, headers: { readonly authorization?: string | undefined; readonly apiKey?: string | undefined }, path: string): Credential {
  const { authorization, apiKey } = headers;
  if (authorization !== undefined && authorization !== '') {
    const bearer = /^Bearer\s+(.+)$/i.exec(authorization)?.[1];
    const token = bearer ?? authorization;
    const allowed = bearer !== undefined || !path.startsWith('/system/');
    return { kind: bearer === undefined ? 'bare' : 'bearer', valid: allowed && auth.tokens.has(token), token };
  }
  if (apiKey !== undefined) return { kind: 'api-key', valid: auth.apiKeys.has(apiKey) };
  return { kind: 'none', valid: false };
}

export type UnlockResult =
  | { readonly outcome: 'unlocked'; readonly token: string }
  | { readonly outcome: 'wrong' }
  | { readonly outcome: 'throttled'; readonly secondsLeft: number };

export function unlock(auth: AuthState, password: unknown, timeMs: number): UnlockResult {
  if (timeMs < auth.lockedUntilMs) return { outcome: 'throttled', secondsLeft: Math.ceil((auth.lockedUntilMs - timeMs) / 1000) };
  if (password === auth.password) {
    auth.wrong = [];
    auth.issued += 1;
    const token = randomText(auth.seed + 101, auth.issued, 32);
    auth.tokens.set(token, timeMs);
    const [oldest] = auth.tokens.keys();
    if (auth.tokens.size > 64 && oldest !== undefined) auth.tokens.delete(oldest);
    return { outcome: 'unlocked', token };
  }
  auth.wrong = [...auth.wrong.filter((at) => timeMs - at < unlockLimit.windowMs), timeMs];
  if (auth.wrong.length < unlockLimit.attempts) return { outcome: 'wrong' };
  auth.wrong = [];
  auth.lockedUntilMs = timeMs + unlockLimit.lockMs;
  return { outcome: 'throttled', secondsLeft: unlockLimit.lockMs / 1000 };
}

/** Sessions don't outlive the controller: drops tokens issued before `bootedAtMs`. */
export function forgetBefore(auth: AuthState, bootedAtMs: number): void {
  for (const [token, issuedMs] of [...auth.tokens]) if (issuedMs < bootedAtMs) auth.tokens.delete(token);
}

export function forgetOthers(auth: AuthState, keep: string): void {
  for (const token of [...auth.tokens.keys()]) if (token !== keep) auth.tokens.delete(token);
}
