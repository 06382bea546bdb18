/** Reads fleet.yaml, checks it whole, and names line, column and remedy of each mistake. */
import { readFileSync } from 'node:fs';
import { isNode, LineCounter, parseDocument, visit, type Document } from 'yaml';
import type { z } from 'zod';
import { codeOf, HashfleetError, messageOf } from '../errors.ts';
import { fleetSchema, type FleetConfig, type MinerConfig } from './schema.ts';

export interface ConfigProblem {
  /** 1-based; absent when the problem has no place in the text. */
  readonly line?: number;
  readonly column?: number;
  /** Where in the document, as `miners[2].address`. */
  readonly path: string;
  readonly message: string;
}

/** A configuration that has passed every check; each miner's site is filled in. */
export type Config = Omit<FleetConfig, 'miners'> & { readonly miners: readonly MinerConfig[] };

export class ConfigError extends HashfleetError {
  readonly file: string;
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ line, column, path, message }) =>
      `${file}${line === undefined ? '' : `:${line}:${column ?? 1}`}: ${path === '' ? '' : `${path}: `}${message}`);
    super('config_invalid', lines.join('\n'));
    this.name = 'ConfigError';
    this.file = file;
    this.problems = problems;
  }
}

/** @throws ConfigError naming every problem of the file. */
export function loadConfig(file: string): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const why = codeOf(cause) === 'ENOENT' ? 'the file does not exist; write one (README, "A real fleet") or name it with --config' : messageOf(cause);
    throw new ConfigError(file, [{ path: '', message: why }]);
  }
  return parseConfig(text, file);
}

/** @throws ConfigError naming every problem of the text. */
export function parseConfig(text: string, file = 'fleet.yaml'): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  if (document.errors.length > 0) {
    throw new ConfigError(file, document.errors.map((error) => {
      const at = lines.linePos(error.pos[0]);
      const [text = ''] = error.message.split('\n');
      return { line: at.line, column: at.col, path: '', message: `not valid YAML: ${text.replace(/ at line \d+, column \d+:?$/, '')}` };
    }));
  }
  const parsed = fleetSchema.safeParse(valueOf(document, lines, file) ?? {}, { reportInput: true });
  const placed = (path: readonly PropertyKey[], message: string): ConfigProblem => ({ ...placeOf(document, lines, path), path: pathText(path), message });
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => explain(issue).map(({ path, message }) => placed(path, message)));
    throw new ConfigError(file, problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)));
  }

  const config = parsed.data;
  const problems = crossChecks(config).map(({ path, message }) => placed(path, message));
  if (problems.length > 0) throw new ConfigError(file, problems);
  const onlySite = config.sites[0]?.name ?? 'default';
  return { ...config, miners: config.miners.map((miner) => {
    const home = miner.site ?? onlySite;
    return { ...miner, site: home, credentials: miner.credentials ?? config.sites.find(({ name }) => name === home)?.credentials ?? 'default' };
  }) };
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

interface Found { readonly path: readonly PropertyKey[]; readonly message: string }

/** What one value cannot say about itself: names that must be unique or known. */
function crossChecks(config: FleetConfig): Found[] {
  const found: Found[] = [];
  const unique = (list: readonly string[], where: string, field: string) => {
    const first = new Map<string, number>();
    list.forEach((value, index) => {
      // An address is the same with and without HTTP's or the cgminer API's usual port, and in any case.
      const key = field === 'address' ? value.toLowerCase().replace(/:(?:80|4028)$/, '') : value;
      const earlier = first.get(key);
      if (earlier === undefined) first.set(key, index);
      else found.push({ path: [where, index, field], message: `"${value}" is already used by ${where}[${earlier}]; each ${field} must be unique` });
    });
  };
  unique(config.miners.map((miner) => miner.name), 'miners', 'name');
  unique(config.miners.map((miner) => miner.address), 'miners', 'address');
  unique(config.sites.map((one) => one.name), 'sites', 'name');
  unique(config.pools.map((one) => one.name), 'pools', 'name');
  const sites = config.sites.map((one) => one.name);
  config.miners.forEach((miner, index) => {
    if (miner.site === undefined && sites.length > 1) found.push({ path: ['miners', index], message: `has no site, but there are several: ${sites.join(', ')}; add "site: ${sites[0] ?? ''}"` });
    if (miner.site !== undefined && !sites.includes(miner.site)) found.push({ path: ['miners', index, 'site'], message: `"${miner.site}" is not one of the sites (${sites.join(', ')})` });
    if (miner.cgminer_port !== undefined && miner.driver !== 'vnish-cgi') {
      found.push({ path: ['miners', index, 'cgminer_port'], message: `goes only with driver vnish-cgi, not with ${miner.driver}; with driver cgminer the port stands in the address` });
    }
    if (miner.hashrate_unit !== undefined && miner.driver === 'vnish') {
      found.push({ path: ['miners', index, 'hashrate_unit'], message: 'goes only with driver cgminer or vnish-cgi; VNish 1.2 and 1.3 tell the unit themselves' });
    }
    if (miner.credentials !== undefined && miner.credentials !== 'default' && !Object.hasOwn(config.credentials, miner.credentials)) {
      found.push({ path: ['miners', index, 'credentials'], message: `"${miner.credentials}" is not in the section "credentials"` });
    }
  });
  config.sites.forEach(({ credentials }, index) => {
    if (credentials !== undefined && !Object.hasOwn(config.credentials, credentials)) found.push({ path: ['sites', index, 'credentials'], message: `"${credentials}" is not in the section "credentials"` });
  });
  const names = new Set(config.miners.map((miner) => miner.name));
  (config.control.allow_miners ?? []).forEach((miner, index) => {
    if (!names.has(miner)) found.push({ path: ['control', 'allow_miners', index], message: `there is no miner "${miner}"` });
  });
  (config.control.allow_sites ?? []).forEach((one, index) => {
    if (!sites.includes(one)) found.push({ path: ['control', 'allow_sites', index], message: `there is no site "${one}"` });
  });
  if (config.poll.deadline_seconds >= config.poll.interval_seconds) {
    found.push({ path: ['poll', 'deadline_seconds'], message: `must be less than interval_seconds (${config.poll.interval_seconds})` });
  }
  return found;
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
    case 'invalid_element':
    case 'not_multiple_of':
      return [{ path: issue.path, message: `is not valid${given}` }];
  }
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${String(part)}`), '');
}

/** The place of the deepest part of the path that stands in the text. */
function placeOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): { line?: number; column?: number } {
  for (let length = path.length; length > 0; length -= 1) {
    const key = path[length - 1];
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const offset = keyOffset(parent, key) ?? nodeOffset(document.getIn(path.slice(0, length), true));
    if (offset !== undefined) {
      const at = lines.linePos(offset);
      return { line: at.line, column: at.col };
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
