/** Reads fleet.yaml and the files that it names, checks them whole, and names file, line, column and remedy of each mistake. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isNode, LineCounter, parseDocument, visit, type Document } from 'yaml';
import type { z } from 'zod';
import { codeOf, HashfleetError, messageOf } from '../errors.ts';
import { expand } from './files.ts';
import { normalMac } from './mac.ts';
import { templateMistake } from './names.ts';
import { poolMistakes } from './pool-types.ts';
import { parseRanges } from './ranges.ts';
import { fleetSchema, minerFileSchema, minerListSchema, type FleetConfig, type InventoryConfig, type MinerConfig, type MinerEntry, type Origin } from './schema.ts';

export interface ConfigProblem {
  /** The file that it stands in, when that is not fleet.yaml. */
  readonly file?: string;
  /** 1-based; absent when the problem has no place in the text. */
  readonly line?: number;
  readonly column?: number;
  /** Where in the document, as `miners[2].address`. */
  readonly path: string;
  readonly message: string;
}

/** A configuration that has passed every check; each miner's site is filled in. */
export type Config = Omit<FleetConfig, 'miners' | 'inventory'> & { readonly miners: readonly MinerConfig[]; readonly inventory: InventoryConfig };

export class ConfigError extends HashfleetError {
  readonly file: string;
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ file: where = file, line, column, path: at, message }) =>
      `${where}${line === undefined ? '' : `:${line}:${column ?? 1}`}: ${at === '' ? '' : `${at}: `}${message}`);
    super('config_invalid', lines.join('\n'));
    this.name = 'ConfigError';
    this.file = file;
    this.problems = problems;
  }
}

/** The file of miners that were added through the API; its text may be given in place of what the file holds. */
export interface ApiFile { readonly file: string; readonly text?: string }

/** @throws ConfigError naming every problem of the files. */
export function loadConfig(file: string, api?: ApiFile): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const why = codeOf(cause) === 'ENOENT' ? 'the file does not exist; write one (README, "A real fleet") or name it with --config' : messageOf(cause);
    throw new ConfigError(file, [{ path: '', message: why }]);
  }
  return parseConfig(text, file, api);
}

/** A text with its places. */
interface Source {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
  /** The document as plain values. */
  readonly value: unknown;
}

/** One miner's entry and where it stands. */
interface Entry {
  readonly miner: MinerEntry;
  readonly origin: Origin;
  readonly source: Source;
  readonly path: readonly PropertyKey[];
}

/** @throws ConfigError naming every problem of the text, and of the files that it names. */
export function parseConfig(text: string, file = 'fleet.yaml', api?: ApiFile): Config {
  const source = sourceOf(text, file);
  const parsed = fleetSchema.safeParse(source.value ?? {}, { reportInput: true });
  if (!parsed.success) throw new ConfigError(file, sorted(problemsOf(parsed.error, source)));
  const { miners, inventory = { files: [], ranges: [], search_after_seconds: 300 }, ...rest } = parsed.data;
  if (miners === undefined && parsed.data.inventory === undefined) throw new ConfigError(file, [{ path: 'miners', message: 'is missing (array expected)' }]);

  const entries: Entry[] = (miners ?? []).map((miner, index) => ({ miner, origin: 'static', source, path: ['miners', index] }));
  const problems: ConfigProblem[] = [];
  const add = (name: string, origin: Origin, given?: string) => {
    try {
      entries.push(...entriesOf({ file: name, text: given ?? readFileSync(name, 'utf8') }, origin));
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      problems.push(...thrown.problems.map((problem) => ({ file: thrown.file, ...problem })));
    }
  };
  inventory.files.forEach((pattern, index) => {
    try {
      for (const name of namedFiles(path.dirname(file), pattern)) add(name, 'file');
    } catch (thrown) {
      problems.push(placed(source, { path: ['inventory', 'files', index], message: `cannot be read: ${codeOf(thrown) === 'ENOENT' ? `there is no ${pattern.includes('*') ? path.dirname(pattern) : pattern}` : messageOf(thrown)}` }));
    }
  });
  if (api !== undefined && (api.text !== undefined || existsSync(api.file))) add(api.file, 'api', api.text);
  problems.push(...crossChecks(parsed.data, inventory, entries).map(({ source: where = source, ...found }) => ({ ...placed(where, found), ...(where === source ? {} : { file: where.file }) })));
  if (problems.length > 0) throw new ConfigError(file, problems);
  const onlySite = rest.sites[0]?.name ?? 'default';
  const homeOf = ({ site = onlySite, credentials }: Pick<MinerEntry, 'site' | 'credentials'>) => ({ site, credentials: credentials ?? rest.sites.find(({ name }) => name === site)?.credentials ?? 'default' });
  return {
    ...rest, inventory: { ...inventory, ranges: inventory.ranges.map((range) => ({ ...range, ...homeOf(range) })) },
    miners: entries.map(({ miner, origin, source: where, path: at }) => ({ ...miner, ...homeOf(miner), origin, place: placeText(where, at) })),
  };
}

function namedFiles(folder: string, pattern: string): string[] {
  if (path.dirname(pattern).includes('*')) throw new Error('"*" may stand in the last part of the path only');
  return expand(folder, pattern);
}

/** @throws ConfigError */
function sourceOf(text: string, file: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  if (document.errors.length > 0) {
    throw new ConfigError(file, document.errors.map((error) => {
      const at = lines.linePos(error.pos[0]);
      const [first = ''] = error.message.split('\n');
      return { line: at.line, column: at.col, path: '', message: `not valid YAML: ${first.replace(/ at line \d+, column \d+:?$/, '')}` };
    }));
  }
  return { file, document, lines, value: valueOf(document, lines, file) };
}

/** The miners of one more file: a list, or a section `miners`. @throws ConfigError */
function entriesOf({ file, text }: { file: string; text: string }, origin: Origin): Entry[] {
  const source = sourceOf(text, file);
  // Nothing at all is a file that is being written, not a fleet that was sold.
  if (source.value === null) throw new ConfigError(file, [{ path: '', message: 'is empty; write a list of miners, [] for none' }]);
  const listed = Array.isArray(source.value);
  const parsed = listed ? minerListSchema.safeParse(source.value, { reportInput: true }) : minerFileSchema.safeParse(source.value, { reportInput: true });
  if (!parsed.success) throw new ConfigError(file, sorted(problemsOf(parsed.error, source)));
  const miners = Array.isArray(parsed.data) ? parsed.data : parsed.data.miners;
  return miners.map((miner, index) => ({ miner, origin, source, path: listed ? [index] : ['miners', index] }));
}

function problemsOf(error: z.ZodError, source: Source): ConfigProblem[] {
  return error.issues.flatMap((issue) => explain(issue).map((found) => placed(source, found)));
}

function sorted(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function placed({ document, lines }: Source, { path: at, message }: { path: readonly PropertyKey[]; message: string }): ConfigProblem {
  return { ...placeOf(document, lines, at), path: pathText(at), message };
}

/** `fleet.yaml:12`. */
function placeText({ file, document, lines }: Source, at: readonly PropertyKey[]): string {
  const { line } = placeOf(document, lines, at);
  return line === undefined ? file : `${file}:${line}`;
}

/** The document as plain values. An alias without an anchor (`*name`) and too many of them show only now. */
function valueOf(document: Document, lines: LineCounter, file: string): unknown {
  try {
    return document.toJS();
  } catch (thrown) {
    let offset: number | undefined;
    visit(document, {
      Alias(_key, node) {
        if (node.resolve(document) === undefined) offset ??= node.range?.[0];
      },
    });
    const at = offset === undefined ? undefined : lines.linePos(offset);
    throw new ConfigError(file, [{ ...(at === undefined ? {} : { line: at.line, column: at.col }), path: '', message: `not valid YAML: ${messageOf(thrown)}` }]);
  }
}

interface Found { readonly path: readonly PropertyKey[]; readonly message: string; readonly source?: Source }

/** What one value cannot say about itself: names that must be unique or known. */
function crossChecks(config: FleetConfig, inventory: InventoryConfig, entries: readonly Entry[]): Found[] {
  const found: Found[] = [];
  const unique = (list: readonly string[], where: string) => {
    const first = new Map<string, number>();
    list.forEach((value, index) => {
      const earlier = first.get(value);
      if (earlier === undefined) first.set(value, index);
      else found.push({ path: [where, index, 'name'], message: `"${value}" is already used by ${where}[${earlier}]; each name must be unique` });
    });
  };
  /** `key` is undefined for an entry that has none. */
  const uniqueEntries = (field: 'name' | 'address' | 'mac', key: (miner: MinerEntry) => string | undefined) => {
    const first = new Map<string, Entry>();
    for (const entry of entries) {
      const value = key(entry.miner);
      const earlier = value === undefined ? undefined : first.get(value);
      if (value === undefined) continue;
      if (earlier === undefined) first.set(value, entry);
      else found.push({ source: entry.source, path: [...entry.path, field], message: `"${entry.miner[field] ?? ''}" is already used by ${entry.source === earlier.source ? pathText(earlier.path) : `${placeText(earlier.source, earlier.path)} (${earlier.miner.name})`}; each ${field} must be unique` });
    }
  };
  uniqueEntries('name', ({ name }) => name);
  // An address is the same with and without HTTP's or the cgminer API's usual port, and in any case.
  uniqueEntries('address', ({ address }) => address.toLowerCase().replace(/:(?:80|4028)$/, ''));
  uniqueEntries('mac', ({ mac }) => normalMac(mac));
  unique(config.sites.map((one) => one.name), 'sites');
  unique(config.pools.map((one) => one.name), 'pools');
  config.pools.forEach((pool, index) => {
    for (const { key, message } of poolMistakes(pool)) found.push({ path: ['pools', index, key], message });
  });
  const sites = config.sites.map((one) => one.name);
  const known = ({ site, credentials }: Pick<MinerEntry, 'site' | 'credentials'>, at: Pick<Found, 'path' | 'source'>) => {
    if (site === undefined && sites.length > 1) found.push({ ...at, message: `has no site, but there are several: ${sites.join(', ')}; add "site: ${sites[0] ?? ''}"` });
    if (site !== undefined && !sites.includes(site)) found.push({ ...at, path: [...at.path, 'site'], message: `"${site}" is not one of the sites (${sites.join(', ')})` });
    if (credentials !== undefined && credentials !== 'default' && !Object.hasOwn(config.credentials, credentials)) found.push({ ...at, path: [...at.path, 'credentials'], message: `"${credentials}" is not in the section "credentials"` });
  };
  for (const { miner, source, path: at } of entries) {
    known(miner, { source, path: at });
    if (miner.cgminer_port !== undefined && miner.driver !== 'vnish-cgi') {
      found.push({ source, path: [...at, 'cgminer_port'], message: `goes only with driver vnish-cgi, not with ${miner.driver}; with driver cgminer the port stands in the address` });
    }
    if (miner.hashrate_unit !== undefined && miner.driver === 'vnish') {
      found.push({ source, path: [...at, 'hashrate_unit'], message: 'goes only with driver cgminer or vnish-cgi; VNish 1.2 and 1.3 tell the unit themselves' });
    }
  }
  inventory.ranges.forEach((range, index) => {
    const at = ['inventory', 'ranges', index];
    known(range, { path: at });
    const mistake = rangeMistake([range.addresses]);
    if (mistake !== undefined) found.push({ path: [...at, 'addresses'], message: mistake });
    range.exclude.forEach((text, place) => {
      const wrong = rangeMistake([text]);
      if (wrong !== undefined) found.push({ path: [...at, 'exclude', place], message: wrong });
    });
    const badName = templateMistake(range.name);
    if (badName !== undefined) found.push({ path: [...at, 'name'], message: badName });
  });
  config.sites.forEach(({ credentials }, index) => {
    if (credentials !== undefined && !Object.hasOwn(config.credentials, credentials)) found.push({ path: ['sites', index, 'credentials'], message: `"${credentials}" is not in the section "credentials"` });
  });
  config.sites.forEach(({ electricity }, index) => {
    if (electricity === undefined || electricity.currency === 'USD' || Object.hasOwn(config.currencies, electricity.currency)) return;
    found.push({ path: ['sites', index, 'electricity', 'currency'], message: `"${electricity.currency}" has no rate; add "currencies: {${electricity.currency}: {usd: 1.08, as_of: 2026-11-01}}" with today's` });
  });
  if (config.prices.btc_usd !== undefined && Object.hasOwn(config.prices.coins, 'BTC')) found.push({ path: ['prices', 'btc_usd'], message: 'is the same as coins.BTC; write only one of them' });
  const names = new Set(entries.map(({ miner }) => miner.name));
  (config.control.allow_miners ?? []).forEach((miner, index) => {
    // What a range will find has no name yet.
    if (!names.has(miner) && inventory.ranges.length === 0) found.push({ path: ['control', 'allow_miners', index], message: `there is no miner "${miner}"` });
  });
  for (const [group, { miners = [] }] of Object.entries(config.groups)) {
    miners.forEach((miner, index) => {
      if (!names.has(miner) && inventory.ranges.length === 0) found.push({ path: ['groups', group, 'miners', index], message: `there is no miner "${miner}"` });
    });
  }
  (config.control.allow_sites ?? []).forEach((one, index) => {
    if (!sites.includes(one)) found.push({ path: ['control', 'allow_sites', index], message: `there is no site "${one}"` });
  });
  const scheduled = new Set<string>();
  config.schedules.forEach(({ name, site }, index) => {
    if (scheduled.has(name)) found.push({ path: ['schedules', index, 'name'], message: `"${name}" is there twice` });
    scheduled.add(name);
    if (site !== undefined && !sites.includes(site)) found.push({ path: ['schedules', index, 'site'], message: `there is no site "${site}"` });
  });
  config.api.tokens.forEach((token, index) => {
    (token.miners ?? []).forEach((miner, place) => {
      if (!names.has(miner) && inventory.ranges.length === 0) found.push({ path: ['api', 'tokens', index, 'miners', place], message: `there is no miner "${miner}"` });
    });
    (token.sites ?? []).forEach((one, place) => {
      if (!sites.includes(one)) found.push({ path: ['api', 'tokens', index, 'sites', place], message: `there is no site "${one}"` });
    });
  });
  if (config.poll.deadline_seconds >= config.poll.interval_seconds) {
    found.push({ path: ['poll', 'deadline_seconds'], message: `must be less than interval_seconds (${config.poll.interval_seconds})` });
  }
  return found;
}

function rangeMistake(texts: readonly string[]): string | undefined {
  try {
    parseRanges(texts);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof HashfleetError) return thrown.message;
    throw thrown;
  }
}

function explain(issue: z.core.$ZodIssue): Found[] {
  const given = issue.input === undefined ? '' : `, but it is ${JSON.stringify(issue.input).slice(0, 80)}`;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'unknown key; check its spelling and indentation' }));
    case 'invalid_type':
      return [{ path: issue.path, message: issue.input === undefined ? `is missing (${issue.expected} expected)` : `must be ${issue.expected}${given}` }];
    case 'invalid_value':
      return [{ path: issue.path, message: `must be one of ${issue.values.map(String).join(', ')}${given}` }];
    case 'too_small':
      return [{ path: issue.path, message: `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${given}` }];
    case 'too_big':
      return [{ path: issue.path, message: `must be at most ${issue.maximum}${given}` }];
    case 'invalid_format':
      // Who writes the secret itself in place of its variable's name must not find it in a log.
      if (/_(?:env|secret)$/.test(String(issue.path.at(-1)))) return [{ path: issue.path, message: `must be ${issue.message}` }];
      return [{ path: issue.path, message: `must be ${issue.message.startsWith('Invalid') ? `a valid ${issue.format}` : issue.message}${given}` }];
    case 'custom':
      return [{ path: issue.path, message: `needs ${issue.message}` }];
    case 'invalid_union':
      return [{ path: issue.path, message: issue.message === 'Invalid input' ? `is not valid${given}` : `must be ${issue.message}${given}` }];
    case 'invalid_key':
      return [{ path: issue.path, message: `its name must be ${issue.issues[0]?.message ?? 'another'}${given}` }];
    case 'invalid_element':
    case 'not_multiple_of':
      return [{ path: issue.path, message: `is not valid${given}` }];
  }
}

function pathText(at: readonly PropertyKey[]): string {
  return at.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${String(part)}`), '');
}

/** The place of the deepest part of the path that stands in the text. */
function placeOf(document: Document, lines: LineCounter, at: readonly PropertyKey[]): { line?: number; column?: number } {
  for (let length = at.length; length > 0; length -= 1) {
    const key = at[length - 1];
    const parent: unknown = length === 1 ? document.contents : document.getIn(at.slice(0, length - 1), true);
    const offset = keyOffset(parent, key) ?? nodeOffset(document.getIn(at.slice(0, length), true));
    if (offset !== undefined) {
      const place = lines.linePos(offset);
      return { line: place.line, column: place.col };
    }
  }
  return {};
}

function nodeOffset(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function keyOffset(parent: unknown, key: PropertyKey | undefined): number | undefined {
  if (typeof parent !== 'object' || parent === null || !('items' in parent) || !Array.isArray(parent.items)) return undefined;
  for (const item of parent.items as unknown[]) {
    if (typeof item === 'object' && item !== null && 'key' in item && isNode(item.key) && String(item.key) === String(key)) return item.key.range?.[0];
  }
  return undefined;
}
