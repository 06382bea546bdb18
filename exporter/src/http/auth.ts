/** Bearer tokens with scopes, and the name of the person behind a request. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import type { Scope } from '../config/schema.ts';
import { HashfleetError } from '../errors.ts';

export interface ApiToken {
  readonly name: string;
  readonly scope: Scope;
  readonly secret: string;
}

export interface Identity {
  readonly token: string;
  readonly scope: Scope;
  readonly actor: string;
}

/** What each scope may do. */
const grants: Readonly<Record<Scope, readonly Scope[]>> = { read: ['read'], push: ['push'], operate: ['read', 'push', 'operate'], admin: ['read', 'push', 'operate', 'admin'] };

export type Authenticate = (request: Request) => Identity;

/** @throws HashfleetError unauthenticated when no token fits. */
export function authenticator(tokens: readonly ApiToken[]): Authenticate {
  const known = tokens.map(({ name, scope, secret }) => ({ name, scope, digest: digest(secret) }));
  return (request) => {
    const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    // Every token is compared, in constant time: the answer's delay says nothing.
    const fitting = given === undefined ? [] : known.filter((token) => timingSafeEqual(token.digest, digest(given)));
    const token = fitting[0];
    if (token === undefined) throw new HashfleetError('unauthenticated', 'Send "Authorization: Bearer <token>" with a token of fleet.yaml, section api.tokens.');
    return { token: token.name, scope: token.scope, actor: personOf(request) ?? token.name };
  };
}

/** @throws HashfleetError forbidden when the token's scope is too small. */
export function requireScope(identity: Identity, scope: Scope): void {
  if (!grants[identity.scope].includes(scope)) {
    throw new HashfleetError('forbidden', `The token "${identity.token}" has the scope "${identity.scope}"; this needs "${scope}".`, { field: 'Authorization', allowed: scope });
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Who pressed the button: Grafana's X-Grafana-User, else the login in X-Grafana-Context (grafana-plugin.md, 6.3).
 * Worth something only behind a valid token, since anybody can send these headers.
 */
function personOf(request: Request): string | undefined {
  const user = clean(request.headers['x-grafana-user']);
  if (user !== undefined) return user;
  const context = request.headers['x-grafana-context'];
  if (typeof context !== 'string') return undefined;
  try {
    const parsed: unknown = JSON.parse(context);
    return typeof parsed === 'object' && parsed !== null && 'Login' in parsed ? clean(parsed.Login) : undefined;
  } catch {
    return undefined;
  }
}

function clean(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  // Control characters could forge lines in a terminal that shows the log.
  const text = value.replace(/\p{Cc}/gu, '').trim().slice(0, 128);
  return text === '' ? undefined : text;
}
