/**
 * What keeps a web page from using somebody's browser against us: a page of another site sends no bearer token and no JSON without
 * asking first, and is never answered (no CORS). What browsers say of themselves is checked besides.
 */
import { hostname } from 'node:os';
import type { RequestHandler } from 'express';
import { HashfleetError } from '../errors.ts';

/** Names that no stranger can own: this machine's, and those of RFC 6761, 6762, 8375 and ICANN's .internal. */
const privateName = /(?:^|\.)(?:localhost|local|internal|home\.arpa)$/;

/** Whether a request with this header Host may be answered: DNS rebinding needs a public name that leads here. */
export function hostAllowed(header: string, hosts: readonly string[]): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+?)\.?(?::\d{1,5})?$/i.exec(header);
  const host = match?.[1]?.toLowerCase();
  if (host === undefined) return false;
  const isAddress = host.startsWith('[') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
  return isAddress || !host.includes('.') || privateName.test(host) || host === hostname().toLowerCase() || hosts.includes(host);
}

/** `hosts`: public names under which the API is reached. */
export function refuseForeignPages(hosts: readonly string[]): RequestHandler {
  return (request, _response, next) => {
    const { host = '' } = request.headers;
    if (!hostAllowed(host, hosts)) throw new HashfleetError('misdirected', `The API is not reached as "${host.slice(0, 100)}". Write the name into fleet.yaml, api.hosts, if it is its own.`, { field: 'Host', given: host.slice(0, 100) });
    checkFetchSite(request.headers['sec-fetch-site']);
    next();
  };
}

/** Browsers say where a request comes from (Fetch Metadata); programs say nothing. @throws HashfleetError forbidden */
export function checkFetchSite(site: string | string[] | undefined): void {
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  throw new HashfleetError('forbidden', 'A page of another site asked for this; it is not answered.', { field: 'Sec-Fetch-Site', given: site, allowed: 'same-origin, none' });
}
