/**
 * Who may do what: what the API's tokens permit, which actions must be typed by hand, and which need a second person. A caller
 * whose token is not one of the API's is the exporter itself and is held back by the rails only.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/load.ts';
import type { MinerConfig, Scope, TokenConfig } from '../config/schema.ts';
import { HashfleetError } from '../errors.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { actionNames, actions, type ActionName, type Parameters } from './actions.ts';
import { checkPools, poolRulesOf } from './allowed-pools.ts';

/** What a token may do beside actions; they stand in its `actions` too. */
export const deeds = ['intent', 'inventory', 'approve', 'accept_drift', 'schedules'] as const;
export type Deed = (typeof deeds)[number];

/** Least scope that each of them needs. */
export const deedScopes: Readonly<Record<Deed, Scope>> = { intent: 'operate', inventory: 'admin', approve: 'operate', accept_drift: 'admin', schedules: 'admin' };

/** Person and name of the token. */
interface Caller { readonly actor: string; readonly token: string }
type Place = Pick<MinerConfig, 'name' | 'site'>;

/** What a token may do, as it is told to its bearer. */
export interface Permission {
  readonly actions: readonly ActionName[];
  readonly deeds: readonly Deed[];
  /** Absent: everywhere. */
  readonly sites?: readonly string[];
  readonly miners?: readonly string[];
  /** Of its actions, those that must be typed by hand. */
  readonly stepUp: readonly ActionName[];
}

/** What must be typed, letter by letter. */
export interface StepUp { readonly typed: string }

export interface Guard {
  permissionOf(token: string): Permission;
  /** @throws HashfleetError forbidden */
  checkAction(caller: Caller, action: ActionName): void;
  /** Anything else on a miner, or on none. @throws HashfleetError forbidden */
  checkDeed(caller: Caller, deed: Deed, miner?: Place): void;
  /** Schedules reach whoever fits them, now or later: they are for tokens that reach every miner. @throws HashfleetError forbidden */
  checkSchedules(caller: Caller): void;
  /** Why the miner is not for this caller; undefined when it is. */
  outOfReach(caller: Caller, miner: Place): string | undefined;
  stepUp(action: ActionName, miners: readonly string[]): StepUp | undefined;
  /** @throws HashfleetError forbidden, step_up_needed */
  checkStepUp(caller: Caller, action: ActionName, given: { miners: readonly string[]; typed: string | undefined }): void;
  /** Whether every one of these pools may be set on these miners. @throws HashfleetError not_allowed naming place, value and what is allowed */
  checkPools(pools: Parameters['pools'], miners: readonly string[], fleet: Fleet): void;
  /** Why a second person has to agree; undefined where that is not so. */
  fourEyes(caller: Caller, action: ActionName, miners: number): string | undefined;
  readonly approvals: { readonly expiresMs: number };
  /** Whether this caller may agree to what the other one asked for. @throws HashfleetError forbidden */
  checkApprover(caller: Caller, asked: Caller, about: { action: ActionName; miners: readonly Place[] }): void;
}

export type GuardConfig = Pick<Config, 'control' | 'pools'> & { readonly api: Pick<Config['api'], 'tokens'> };

/** Scopes that may act at all. */
const acting: readonly Scope[] = ['operate', 'admin'];

/** @throws HashfleetError config_invalid for an action that is none, and for two tokens of one name. */
export function createGuard({ api, control, pools }: GuardConfig): Guard {
  checkNames({ api, control });
  const tokens = new Map(api.tokens.map((token) => [token.name, token]));
  const stepped = new Set<string>([...control.step_up_actions, ...actionNames.filter((name) => actions[name].stepUp === true)]);
  const rules = poolRulesOf(control, pools);
  const { four_eyes: eyes } = control;

  const listed = ({ actions: only }: TokenConfig, what: string) => only?.includes(what) ?? true;

  function forbid(token: string, why: string, allowed: string): HashfleetError {
    return new HashfleetError('forbidden', `The token "${token}" ${why}.`, { field: 'Authorization', allowed });
  }

  const actionsOf = (token: TokenConfig) => (acting.includes(token.scope) ? actionNames.filter((action) => listed(token, action) && (token.scope === 'admin' || !stepped.has(action))) : []);

  function outOfReach(token: TokenConfig | undefined, { name, site }: Place): string | undefined {
    if (token === undefined || (token.sites === undefined && token.miners === undefined)) return undefined;
    return token.sites?.includes(site) === true || token.miners?.includes(name) === true ? undefined : `not for the token "${token.name}" (api.tokens: sites, miners)`;
  }

  return {
    permissionOf(name) {
      const token = tokens.get(name);
      if (token === undefined) return { actions: [], deeds: [], stepUp: [] };
      const may = actionsOf(token);
      const enough = (deed: Deed) => token.scope === 'admin' || (token.scope === 'operate' && deedScopes[deed] === 'operate');
      return {
        actions: may, deeds: deeds.filter((deed) => enough(deed) && listed(token, deed)), stepUp: may.filter((action) => stepped.has(action)),
        ...(token.sites === undefined ? {} : { sites: token.sites }), ...(token.miners === undefined ? {} : { miners: token.miners }),
      };
    },
    checkAction(caller, action) {
      const token = tokens.get(caller.token);
      if (token === undefined) return;
      if (!acting.includes(token.scope)) throw forbid(token.name, `has the scope "${token.scope}" and may not act`, acting.join(', '));
      if (!listed(token, action)) throw forbid(token.name, `may not ${action} (api.tokens: actions)`, actionsOf(token).join(', '));
    },
    checkDeed(caller, deed, miner) {
      const token = tokens.get(caller.token);
      if (token === undefined) return;
      if (!listed(token, deed)) throw forbid(token.name, `is not for "${deed}" (api.tokens: actions)`, token.actions?.join(', ') ?? '');
      const reason = miner === undefined ? undefined : outOfReach(token, miner);
      if (reason !== undefined) throw forbid(token.name, `is not for ${miner?.name ?? ''} (api.tokens: sites, miners)`, reachText(token));
    },
    checkSchedules(caller) {
      this.checkDeed(caller, 'schedules');
      const token = tokens.get(caller.token);
      if (token !== undefined && (token.sites !== undefined || token.miners !== undefined)) throw forbid(token.name, 'is not for all miners, and schedules are (api.tokens: sites, miners)', 'a token without "sites" and "miners"');
    },
    outOfReach: (caller, miner) => outOfReach(tokens.get(caller.token), miner),
    stepUp: (action, miners) => (stepped.has(action) && miners.length > 0 ? { typed: typedFor(action, miners) } : undefined),
    checkStepUp(caller, action, { miners, typed }) {
      if (!stepped.has(action)) return;
      const token = tokens.get(caller.token);
      if (token === undefined) throw new HashfleetError('step_up_needed', `"${action}" needs a person who types the target; it is never done by itself.`, { field: 'typed' });
      if (token.scope !== 'admin') throw forbid(token.name, `has the scope "${token.scope}"; "${action}" needs "admin"`, 'admin');
      const wanted = typedFor(action, miners);
      if (typed === wanted) return;
      throw new HashfleetError('step_up_needed', `typed: "${action}" needs the text "${wanted}" typed by hand${typed === undefined ? '' : '; what was typed differs'}.`, { field: 'typed', ...(typed === undefined ? {} : { given: typed }), allowed: wanted });
    },
    checkPools: (wanted, miners, fleet) => checkPools(wanted ?? [], { rules, miners: miners.flatMap((name) => fleet.get(name) ?? []), fleet }),
    fourEyes(caller, action, miners) {
      if (eyes === undefined || !tokens.has(caller.token)) return undefined;
      if (eyes.actions.includes(action)) return `"${action}" needs the approval of a second person (control.four_eyes.actions)`;
      if (eyes.above !== undefined && miners > eyes.above) return `more than ${eyes.above} miners at once need the approval of a second person (control.four_eyes.above)`;
      return undefined;
    },
    approvals: { expiresMs: (eyes?.expires_seconds ?? 3600) * 1000 },
    checkApprover(caller, asked, { action, miners }) {
      const forbidden = (why: string) => new HashfleetError('forbidden', `Not approved: ${why}.`, { field: 'Authorization' });
      const token = tokens.get(caller.token);
      if (token === undefined || !listed(token, 'approve') || !actionsOf(token).includes(action)) throw forbidden(`the token "${caller.token}" may not approve "${action}" (its scope, and api.tokens: actions)`);
      const foreign = miners.find((miner) => outOfReach(token, miner) !== undefined);
      if (foreign !== undefined) throw forbidden(`${foreign.name} is not for the token "${token.name}" (api.tokens: sites, miners)`);
      if (samePerson(caller.actor, asked.actor)) throw forbidden(`${asked.actor} asked for it, so somebody else has to agree`);
      if (caller.token === asked.token && eyes?.same_token !== true) throw forbidden(`it was asked for with the same token, "${token.name}"; another one is needed (control.four_eyes.same_token)`);
    },
  };
}

/** Upper and lower case make no second person. */
function samePerson(one: string, other: string): boolean {
  return one.normalize('NFKC').trim().toLowerCase() === other.normalize('NFKC').trim().toLowerCase();
}

/** The name of one miner; of several the action and their number, since nobody types fifty names. */
function typedFor(action: ActionName, miners: readonly string[]): string {
  return miners.length === 1 ? miners[0] ?? '' : `${action} ${miners.length}`;
}

function reachText({ sites, miners }: TokenConfig): string {
  return [...(sites === undefined ? [] : [`sites ${sites.join(', ')}`]), ...(miners === undefined ? [] : [`miners ${miners.join(', ')}`])].join('; ');
}

/** The names that fleet.yaml uses of what only this room knows. @throws HashfleetError config_invalid naming place, value and what is allowed */
export function checkNames({ api, control }: Pick<GuardConfig, 'api' | 'control'>): void {
  const problems: string[] = [];
  const known = (where: string, names: readonly string[], allowed: readonly string[]) => names.forEach((name, index) => {
    if (!allowed.includes(name)) problems.push(`${where}[${index}]: must be one of ${allowed.join(', ')}, but it is ${JSON.stringify(name)}`);
  });
  api.tokens.forEach((token, index) => {
    known(`api.tokens[${index}].actions`, token.actions ?? [], [...actionNames, ...deeds]);
    const first = api.tokens.findIndex(({ name }) => name === token.name);
    if (first < index && !isDeepStrictEqual(api.tokens[first], token)) problems.push(`api.tokens[${index}].name: "${token.name}" is already used by api.tokens[${first}]; each name must be unique`);
  });
  known('control.step_up_actions', control.step_up_actions, actionNames);
  known('control.four_eyes.actions', control.four_eyes?.actions ?? [], actionNames);
  if (problems.length > 0) throw new HashfleetError('config_invalid', problems.join('\n'));
}
