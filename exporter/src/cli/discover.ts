/** The command `hashfleet discover`: looks for miners and shows them as a table, JSON or entries of fleet.yaml. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { loadConfig, type Config } from '../config/load.ts';
import { secretReader, sourceOf } from '../config/secrets.ts';
import { codeOf, HashfleetError } from '../errors.ts';
import { parseRanges, rangeForms, type Targets } from '../config/ranges.ts';
import { discover, isMiner, type Discovery, type DiscoveryProgress, type Found, type FoundMiner } from '../fleet/discovery.ts';
import type { Identity } from '../miners/reading.ts';
import { usualCgminerPort } from '../miners/cgminer/client.ts';
import { vendorCgiPassword } from '../miners/vnish-cgi/driver.ts';
import { vendorPassword } from '../miners/vnish/session.ts';

interface DiscoverFlags {
  readonly port: number; readonly cgminerPort: number; readonly concurrency: number; readonly timeoutMs: number;
  readonly checkPassword?: true; readonly passwordEnv?: string;
  readonly json?: true; readonly yaml?: true; readonly merge?: string; readonly write?: string;
}

/** No miner in the range. */
const nothingFound = 3;
/** As a shell has it for Ctrl-C. */
const interruptedCode = 130;

export function addDiscover(program: Command): void {
  program.command('discover').argument('<range...>', rangeForms)
    .description('look for miners in a range of addresses; exit code 3 when there is none')
    .option('--port <port>', 'where a range names none', whole(1, 65_535), 80)
    .option('--cgminer-port <port>', 'where "stats" is asked of what is no VNish 1.x', whole(1, 65_535), usualCgminerPort)
    .option('--concurrency <number>', 'connections tried at once', whole(1, 4096), 256)
    .option('--timeout-ms <ms>', 'for one connection; one that ran out of it is tried once more', whole(10, 60_000), 500)
    .option('--check-password', 'try the password, once on each miner')
    .option('--password-env <variable>', 'the variable that holds the password to try; else that of the file of --merge, else VNish\'s own default')
    .addOption(new Option('--json', 'print JSON').conflicts('yaml'))
    .option('--yaml', 'print entries of fleet.yaml')
    .option('--merge <file>', 'show only what this fleet.yaml does not have, and what it has but was not found; the file is only read')
    .option('--write <file>', 'write the entries to a file that does not exist yet')
    .action(run);
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    if (!/^\d{1,6}$/.test(text) || Number(text) < least || Number(text) > most) throw new InvalidArgumentError(`give a whole number from ${least} to ${most}`);
    return Number(text);
  };
}

async function run(ranges: string[], flags: DiscoverFlags): Promise<void> {
  const targets = parseRanges(ranges, flags.port);
  if (flags.passwordEnv !== undefined && flags.checkPassword !== true) throw new HashfleetError('payload_invalid', '--password-env is used only together with --check-password; add that, or leave it out.');
  if (flags.write !== undefined && existsSync(flags.write)) throw alreadyThere(flags.write);
  const fleet = flags.merge === undefined ? undefined : loadConfig(flags.merge);
  const password = flags.checkPassword === true ? passwordsFor(flags, fleet) : undefined;
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  // Once: a second Ctrl-C ends the program as usual.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupt);
  const progress = progressLine(process.stderr);
  const discovery = await discover({
    targets, cgminerPort: flags.cgminerPort, concurrency: flags.concurrency, timeoutMs: flags.timeoutMs, progress: progress.show, signal: stop.signal,
    ...(password === undefined ? {} : { password }),
  });
  progress.end();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, interrupt);

  const outcome = outcomeOf(discovery, { targets, cgminerPort: flags.cgminerPort, fleet, file: flags.merge, ranges });
  console.log(flags.json === true ? jsonText(outcome) : flags.yaml === true ? yamlText(outcome).trimEnd() : tableText(outcome));
  for (const line of remarks(outcome)) console.error(line);
  if (flags.write !== undefined) writeEntries(flags.write, outcome);
  if (discovery.interrupted) process.exitCode = interruptedCode;
  else if (!discovery.found.some(({ state }) => state !== 'unidentified')) process.exitCode = nothingFound;
}

/** @throws HashfleetError secret_missing */
function passwordsFor({ passwordEnv, merge }: DiscoverFlags, fleet: Config | undefined): (address: string, driver: 'vnish' | 'vnish-cgi') => string {
  const environment = process.env;
  if (passwordEnv !== undefined) {
    const given = secretReader({ environment, folder: '.' })('--password-env', { env: passwordEnv });
    return () => given;
  }
  const folder = path.dirname(path.resolve(merge ?? '.'));
  const read = secretReader({ environment, folder, secrets: fleet?.secrets });
  const byName = new Map(Object.entries(fleet?.credentials ?? {}).map(([name, entry]) => [name, read(`credentials.${name}`, sourceOf(entry, 'password') ?? {})]));
  const nameAt = new Map((fleet?.miners ?? []).map((miner) => [plain(miner.address), miner.credentials]));
  return (address, driver) => byName.get(nameAt.get(address) ?? 'default') ?? (driver === 'vnish' ? vendorPassword : vendorCgiPassword);
}

/** An address without HTTP's or the cgminer API's usual port. */
function plain(address: string): string {
  return address.toLowerCase().replace(/:(?:80|4028)$/, '');
}

/** What was found, what it is to be called, and how it compares with a file. */
interface Outcome {
  readonly discovery: Discovery;
  readonly total: number;
  readonly cgminerPort: number;
  readonly ranges: string;
  /** What is shown: everything, or with --merge what the file does not have. */
  readonly shown: readonly Found[];
  /** Proposed names by address; none for what should not be added. */
  readonly names: ReadonlyMap<string, string>;
  /** The first address of a miner that answers at several, by its other ones. */
  readonly sameAs: ReadonlyMap<string, string>;
  readonly merged?: { readonly file: string; readonly known: number; readonly gone: readonly Gone[]; readonly sites: readonly string[] };
}

/** A miner of the file that the scan passed by without finding it. */
interface Gone { readonly name: string; readonly address: string; readonly now: string }

interface Comparison { readonly targets: Targets; readonly cgminerPort: number; readonly fleet: Config | undefined; readonly file: string | undefined; readonly ranges: readonly string[] }

function outcomeOf(discovery: Discovery, { targets, cgminerPort, fleet, file, ranges }: Comparison): Outcome {
  const inFile = new Set(fleet?.miners.map(({ address }) => plain(address)));
  const shown = discovery.found.filter((one) => !inFile.has(one.address) && !inFile.has(entryAddress(one, cgminerPort)));
  const sameAs = new Map(discovery.duplicates.flatMap(({ addresses }) => {
    // The address that the file knows stays the miner's own.
    const first = addresses.find((address) => inFile.has(address)) ?? addresses[0] ?? '';
    return addresses.filter((address) => address !== first).map((address) => [address, first] as const);
  }));
  const minersShown = shown.filter((one): one is FoundMiner => isMiner(one) && !sameAs.has(one.address));
  const names = proposeNames(minersShown, new Set(fleet?.miners.map(({ name }) => name)));
  const base = { discovery, total: targets.count, cgminerPort, ranges: ranges.join(' '), shown, names, sameAs };
  if (fleet === undefined || file === undefined) return base;
  const byAddress = new Map(discovery.found.map((one) => [one.address, one]));
  const gone = fleet.miners.flatMap(({ name, address }): Gone[] => {
    const [, host = '', port = '80'] = /^(.*?)(?::(\d+))?$/.exec(address) ?? [];
    const now = byAddress.get(plain(address));
    if (!targets.has({ host, port: Number(port) }) || (now !== undefined && isMiner(now))) return [];
    if (now === undefined && discovery.interrupted) return [];
    return [{ name, address, now: now === undefined ? 'does not answer' : noteOf(now) }];
  });
  return { ...base, merged: { file, known: discovery.found.length - shown.length, gone, sites: fleet.sites.map(({ name }) => name) } };
}

/** Model code and number, as `l9-01`; numbers that the fleet has already are passed over. */
function proposeNames(miners: readonly FoundMiner[], taken: ReadonlySet<string>): Map<string, string> {
  const codes = miners.map(({ identity }) => codeOfModel(identity).toLowerCase().replace(/[^a-z0-9._-]/g, '').slice(0, 40) || 'miner');
  const next = new Map<string, number>();
  const names = new Map<string, string>();
  miners.forEach(({ address }, index) => {
    const code = codes[index] ?? 'miner';
    const width = Math.max(2, String(codes.filter((one) => one === code).length).length);
    let number = next.get(code) ?? 1;
    while (taken.has(nameFor(code, number, width))) number += 1;
    next.set(code, number + 1);
    names.set(address, nameFor(code, number, width));
  });
  return names;
}

/** Only VNish's REST API tells a code; of `Antminer L3+` it is made: `l3plus`. */
function codeOfModel({ modelCode, model }: Identity): string {
  return modelCode ?? model.replace(/^Antminer /i, '').replace(/\+/g, 'plus').replace(/^unknown$/, '');
}

function nameFor(code: string, number: number, width: number): string {
  return `${code}-${String(number).padStart(width, '0')}`;
}

/** What a device says about itself goes to a terminal and into comments: one line, nothing that steers. */
function clean(text: string | undefined): string {
  return (text ?? '').replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?').slice(0, 120);
}

function firmwareOf({ identity }: FoundMiner): string {
  return clean([identity.firmware, identity.firmwareVersion].filter(Boolean).join(' '));
}

function noteOf(found: Found): string {
  switch (found.state) {
    case 'vnish':
    case 'vnish-cgi': return '';
    case 'cgminer': return 'read over TCP 4028 only: driver cgminer';
    case 'stock':
    case 'unidentified': return clean(found.detail);
  }
}

const headings = ['NAME', 'ADDRESS', 'STATE', 'MODEL', 'FIRMWARE', 'ALGORITHM', 'MAC', 'HOSTNAME', 'PASSWORD', 'NOTE'];

function tableText(outcome: Outcome): string {
  const { shown, names, sameAs, merged } = outcome;
  const rows = shown.map((one) => {
    const same = sameAs.get(one.address);
    const note = same === undefined ? noteOf(one) : `same MAC as ${same}`;
    if (!isMiner(one)) return ['', one.address, one.state, '', '', '', '', '', '', note];
    const { model, algorithm, mac, hostname } = one.identity;
    return [names.get(one.address) ?? '', one.address, one.state, clean(model), firmwareOf(one), clean(algorithm), clean(mac), clean(hostname), one.password, note];
  });
  const lines = rows.length === 0 ? [] : table([headings, ...rows]);
  if (merged !== undefined) {
    lines.push(...(lines.length === 0 ? [] : ['']), ...mergeLines(merged, shown.length));
  }
  return lines.length === 0 ? 'Nothing was found.' : lines.join('\n');
}

/** Columns as wide as their longest cell; columns that are empty but for the heading are left out. */
function table(rows: readonly (readonly string[])[]): string[] {
  const columns = (rows[0] ?? []).map((_, column) => ({ column, width: Math.max(...rows.map((row) => row[column]?.length ?? 0)) }))
    .filter(({ column }) => rows.slice(1).some((row) => row[column] !== ''));
  return rows.map((row) => columns.map(({ column, width }) => (row[column] ?? '').padEnd(width)).join('  ').trimEnd());
}

type Merged = NonNullable<Outcome['merged']>;

function mergeLines({ file, known, gone }: Merged, fresh: number): string[] {
  const width = Math.max(0, ...gone.map(({ name }) => name.length));
  return [
    `${file}: ${known} found where it says, ${fresh} new, ${gone.length} not found`,
    ...gone.map(({ name, address, now }) => `  ${name.padEnd(width)}  ${address}  ${now}`),
    ...(gone.length === 0 ? [] : [`${file} has no MAC addresses: miners are compared by address only, and one that moved shows as not found here and as new there.`]),
  ];
}

function jsonText({ discovery, total, shown, names, sameAs, merged }: Outcome): string {
  const { settled, interrupted, duplicates, untried } = discovery;
  return JSON.stringify({
    addresses: total, looked_at: settled, interrupted,
    found: shown.map((one) => {
      const { address, state } = one;
      if (!isMiner(one)) return { address, state, reason: one.reason, detail: one.detail };
      const { model, modelCode, firmware, firmwareVersion, algorithm, mac, hostname } = one.identity;
      return { name: names.get(address), address, state, model, model_code: modelCode, firmware, firmware_version: firmwareVersion, algorithm, mac, hostname, password: one.password, same_as: sameAs.get(address) };
    }),
    duplicates, untried,
    ...(merged === undefined ? {} : { merge: { file: merged.file, known: merged.known, not_found: merged.gone, compared_by: 'address' } }),
  }, null, 2);
}

function yamlText({ ranges, cgminerPort, shown, names, sameAs, merged }: Outcome): string {
  const width = Math.max(0, ...shown.map((one) => entry(one, names.get(one.address) ?? '', cgminerPort).length));
  const lines = shown.map((one) => {
    const same = sameAs.get(one.address);
    if (!isMiner(one)) return `  # ${one.address}: ${one.state}: ${noteOf(one)}`;
    if (same !== undefined) return `  # ${one.address}: has the MAC of ${same}, one miner at two addresses; left out`;
    const about = [clean(one.identity.model), firmwareOf(one), clean(one.identity.mac), clean(one.identity.hostname), one.password === 'not tried' ? '' : `password ${one.password}`];
    return `${entry(one, names.get(one.address) ?? '', cgminerPort).padEnd(width)}  # ${about.filter((part) => part !== '').join(', ')}`;
  });
  const several = merged !== undefined && merged.sites.length > 1 ? [`# ${merged.file} has several sites: give each of these a site (${merged.sites.join(', ')}).`] : [];
  return [
    `# Found by hashfleet discover ${clean(ranges)}`, ...several,
    ...(names.size === 0 ? ['miners: []', ...lines] : ['miners:', ...lines]),
    ...(merged === undefined ? [] : mergeLines(merged, shown.length).map((line) => `# ${line}`)),
  ].join('\n').concat('\n');
}

/** As fleet.yaml wants it: a miner that is read over TCP 4028 has its address there. */
function entryAddress({ state, target, address }: Found, cgminerPort: number): string {
  if (state !== 'cgminer') return address;
  return cgminerPort === usualCgminerPort ? target.host : `${target.host}:${cgminerPort}`;
}

function entry(one: Found, name: string, cgminerPort: number): string {
  const driver = one.state === 'vnish-cgi' || one.state === 'cgminer' ? `, driver: ${one.state}` : '';
  const port = one.state === 'vnish-cgi' && cgminerPort !== usualCgminerPort ? `, cgminer_port: ${cgminerPort}` : '';
  return `  - {name: ${name}, address: "${entryAddress(one, cgminerPort)}"${driver}${port}}`;
}

/** For the person at the screen, whatever is printed for programs. */
function remarks({ discovery, total }: Outcome): string[] {
  const { found, duplicates, untried, interrupted, settled } = discovery;
  const count = (...states: Found['state'][]) => found.filter(({ state }) => states.includes(state)).length;
  const [first] = untried;
  return [
    `${settled} of ${total} addresses: ${count('vnish', 'vnish-cgi')} miners with VNish, ${count('stock')} with stock firmware, ${count('unidentified')} unidentified${count('cgminer') === 0 ? '' : `, ${count('cgminer')} with another firmware that answers on TCP 4028`}.`,
    ...duplicates.map(({ mac, addresses }) => `${clean(mac)} answers at ${addresses.join(' and ')}: one miner at several addresses, or a copied MAC.`),
    ...(first === undefined ? [] : [`${untried.length} addresses could not be tried from here (${first.address}: ${first.reason}); check this machine's network, or use a lower --concurrency.`]),
    ...(interrupted ? ['Interrupted: this is what was found so far.'] : []),
  ];
}

function writeEntries(file: string, outcome: Outcome): void {
  if (outcome.discovery.interrupted || outcome.names.size === 0) {
    console.error(`${file} was not written: ${outcome.discovery.interrupted ? 'the search was interrupted' : 'there is no miner to add'}.`);
    return;
  }
  try {
    // Created anew or not at all, even if it came to be during the search.
    writeFileSync(file, yamlText(outcome), { flag: 'wx' });
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') throw alreadyThere(file);
    throw thrown;
  }
  console.error(`${file} is written: ${outcome.names.size} miners.`);
}

function alreadyThere(file: string): HashfleetError {
  return new HashfleetError('payload_invalid', `${file} exists already and is never overwritten. Name another file with --write, or see what it lacks with --merge ${file} and add that by hand.`);
}

/** A bar that is redrawn on a terminal; elsewhere a line each time another tenth is done. */
function progressLine(stream: NodeJS.WriteStream): { show: (progress: DiscoveryProgress) => void; end: () => void } {
  let drawn = -1;
  return {
    show({ ratio, settled, total, answering, miners }) {
      const percent = Math.floor(ratio * 100);
      const step = stream.isTTY ? percent : Math.floor(percent / 10) * 10;
      if (step <= drawn || step === 0) return;
      drawn = step;
      const text = `${step} %, ${settled} of ${total} addresses, ${answering} answer, ${miners} miners`;
      stream.write(stream.isTTY ? `\r[${'#'.repeat(Math.floor(percent / 5)).padEnd(20, '.')}] ${text}\u001b[K` : `${text}\n`);
    },
    end() {
      if (stream.isTTY && drawn >= 0) stream.write('\n');
    },
  };
}
