/**
 * Which pools may be set on a miner: a thief who gets hold of a token changes where the hashes go (fleet-anchors.md, 6). Pure.
 * An address must be host and port and nothing else, so that what is checked is what the firmware connects to.
 */
import { factsOf } from '../config/pool-types.ts';
import type { ControlConfig, PoolConfig } from '../config/schema.ts';
import { HashfleetError } from '../errors.ts';
import type { Fleet, Miner } from '../fleet/fleet.ts';
import type { PoolTarget } from './actions.ts';

export interface PoolRules {
  /** Patterns; a plain host of the section "pools" stands for its subdomains too. */
  readonly hosts: readonly { readonly pattern: string; readonly subdomains: boolean }[];
  /** Absent: by accounts. */
  readonly workers?: readonly string[] | undefined;
  /** Accounts that fleet.yaml names itself. */
  readonly accounts: readonly string[];
}

export function poolRulesOf(control: Pick<ControlConfig, 'allow_pool_urls' | 'allow_pool_workers'>, pools: readonly PoolConfig[]): PoolRules {
  return {
    hosts: control.allow_pool_urls?.map((pattern) => ({ pattern, subdomains: false }))
      ?? pools.flatMap(({ type, stratum_hosts: own }) => (own ?? factsOf(type).stratumHosts).map((pattern) => ({ pattern, subdomains: true }))),
    workers: control.allow_pool_workers,
    accounts: pools.flatMap(({ user }) => (user === undefined ? [] : [user])),
  };
}

/** Host in small letters, and port; undefined for anything that is not scheme://host:port or host:port. */
export function stratumPlace(url: string): { readonly host: string; readonly port?: string } | undefined {
  const match = /^(?:[a-z][a-z0-9+]*:\/\/)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?\/?$/.exec(url.toLowerCase());
  if (match?.[1] === undefined || Number(match[2] ?? 1) > 65_535) return undefined;
  return { host: match[1], ...(match[2] === undefined ? {} : { port: match[2] }) };
}

export function hostFits({ host, port }: { host: string; port?: string }, { pattern, subdomains }: PoolRules['hosts'][number]): boolean {
  const [, wanted = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(pattern) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  if (wanted.startsWith('*.')) return host.endsWith(wanted.slice(1)) && host.length > wanted.length - 1;
  return host === wanted || (subdomains && host.endsWith(`.${wanted}`));
}

/** `{miner}` is the miner's name, `{worker}` its name at the pool. */
export function filledIn(template: string, { config }: Pick<Miner, 'config'>): string {
  return template.replaceAll('{miner}', config.name).replaceAll('{worker}', config.pool_worker ?? config.name);
}

export function workerFits(worker: string, pattern: string): boolean {
  return new RegExp(`^${pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`).test(worker);
}

/** What a pool pays to: what stands before the first dot, as in account.worker. */
export function accountOf(worker: string): string {
  return worker.split('.')[0] ?? '';
}

const accountsOf = ({ reading }: Miner) => (reading?.pools ?? []).flatMap(({ kind, user }) => (kind === 'user' && user !== '' ? [accountOf(user)] : []));

/**
 * Where no pattern is given, a worker may only be of an account that the miner works for now, or that fleet.yaml names; of a miner that
 * shows no pools (in failure it shows none), of an account of the rest of the fleet; and only where nobody shows any may it be any.
 * So a change of pool within one account needs nothing more, and a foreign account needs a line in fleet.yaml.
 * @throws HashfleetError not_allowed naming place, value and what is allowed
 */
export function checkPools(pools: readonly PoolTarget[], { rules, miners, fleet }: { rules: PoolRules; miners: readonly Miner[]; fleet: Pick<Fleet, 'all'> }): void {
  if (pools.length === 0) return;
  const everywhere = new Set([...fleet.all()].flatMap(accountsOf));
  pools.forEach(({ url, worker }, index) => {
    const at = `parameters.pools[${index}]`;
    const place = stratumPlace(url);
    const hosts = rules.hosts.map(({ pattern, subdomains }) => (subdomains ? `${pattern}, *.${pattern}` : pattern)).join(', ');
    const allowed = hosts === '' ? 'none: write control.allow_pool_urls, or the pool into the section "pools"' : hosts;
    // What cannot be read may hold a password.
    if (place === undefined) throw new HashfleetError('not_allowed', `${at}.url: is not host:port with a scheme before it at most, as stratum+tcp://host:3333.`, { field: `${at}.url`, allowed });
    const given = place.port === undefined ? place.host : `${place.host}:${place.port}`;
    if (!rules.hosts.some((one) => hostFits(place, one))) throw new HashfleetError('not_allowed', `${at}.url: ${given} is not a pool that may be set (control.allow_pool_urls).`, { field: `${at}.url`, given, allowed });
    for (const miner of miners) {
      const name = filledIn(worker, miner);
      const mistake = workerMistake(name, miner, { rules, everywhere });
      if (mistake !== undefined) throw new HashfleetError('not_allowed', `${at}.worker: ${name} is not a worker that ${miner.config.name} may work for (control.allow_pool_workers).`, { field: `${at}.worker`, given: name, allowed: mistake });
    }
  });
}

/** What is allowed in its place; undefined when it may be. */
function workerMistake(worker: string, miner: Miner, { rules, everywhere }: { rules: PoolRules; everywhere: ReadonlySet<string> }): string | undefined {
  if (rules.workers !== undefined) {
    const patterns = rules.workers.map((pattern) => filledIn(pattern, miner));
    return patterns.some((pattern) => workerFits(worker, pattern)) ? undefined : patterns.join(', ');
  }
  const own = accountsOf(miner);
  const accounts = [...(own.length > 0 ? new Set(own) : everywhere), ...rules.accounts];
  if (accounts.length === 0 || accounts.includes(accountOf(worker))) return undefined;
  return `workers of ${accounts.join(', ')}, or a pattern in control.allow_pool_workers`;
}
