#!/usr/bin/env node
/** The command `hashfleet`; its exit codes stand in exit.ts. */
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Command, InvalidArgumentError } from 'commander';
import { loadConfig, type Config } from '../config/load.ts';
import type { Scope } from '../config/schema.ts';
import { secretReader, secretVariables, sourceOf, type SecretSource } from '../config/secrets.ts';
import { checkNames } from '../control/guard.ts';
import { entriesFile } from '../control/entries.ts';
import { checkGroups } from '../control/select.ts';
import { HashfleetError, messageOf, type ErrorCode } from '../errors.ts';
import { rangeTargets } from '../fleet/members.ts';
import { openapiDocument } from '../http/openapi.ts';
import { tlsOptions } from '../http/tls.ts';
import { wholeFleet, type Shard } from '../fleet/sharding.ts';
import { createLogger, type Logger } from '../log.ts';
import { seriesReference } from '../metrics/reference.ts';
import tab from '@bomb.sh/tab/commander';
import { addAct } from './act.ts';
import { addAnomalies } from './anomalies.ts';
import { addApprovals } from './approvals.ts';
import { addAudit } from './audit.ts';
import { addBackfill } from './backfill.ts';
import { addDiscover } from './discover.ts';
import { addEarnings } from './earnings.ts';
import { attentionExit, plannedExit, refusedExit } from './exit.ts';
import { addFleet } from './fleet.ts';
import { addJobs } from './jobs.ts';
import { addAbacus } from './abacus.ts';
import { addLearning } from './learning.ts';
import { addReport } from './report.ts';
import { addSchedule } from './schedule.ts';
import { addSecrets } from './secrets.ts';
import { startService, type Listen } from './service.ts';
import { version } from './version.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

function listenOption(text: string): Listen {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535) throw new InvalidArgumentError('give HOST:PORT, for example 127.0.0.1:9788');
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

function levelOption(text: string): string {
  if (!logLevels.includes(text)) throw new InvalidArgumentError(`one of ${logLevels.join(', ')}`);
  return text;
}

interface TokenFlag { readonly name: string; readonly scope: Scope; readonly file: string }

function tokenOption(text: string, earlier: readonly TokenFlag[] = []): TokenFlag[] {
  const match = /^([A-Za-z0-9._-]+):(read|operate|admin):(.+)$/.exec(text);
  if (match?.[1] === undefined || match[3] === undefined) throw new InvalidArgumentError('give NAME:SCOPE:FILE with the scope read, operate or admin');
  return [...earlier, { name: match[1], scope: match[2] as Scope, file: path.resolve(match[3]) }];
}

function shardOption(text: string): Shard {
  const [index = Number.NaN, count = Number.NaN] = /^(\d{1,4})\/(\d{1,4})$/.exec(text)?.slice(1).map(Number) ?? [];
  if (!(count >= 1 && index < count)) throw new InvalidArgumentError('give INDEX/COUNT with an index from 0, for example 0/2 and 1/2 for two exporters');
  return { index, count };
}

interface StartFlags { readonly config: string; readonly data: string; readonly metricsListen: Listen; readonly apiListen: Listen; readonly logLevel: string; readonly watch: boolean; readonly shard: Shard; readonly token?: readonly TokenFlag[]; readonly checkConfig?: true }

const program = new Command('hashfleet')
  .description('Reads scrypt miners and pools, serves Prometheus series and the control API.')
  .version(version)
  .showHelpAfterError('(add --help for what is allowed)')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

program.command('start', { isDefault: true })
  .description('serve metrics and the API')
  .option('-c, --config <file>', 'the fleet', 'fleet.yaml')
  .option('--data <folder>', 'counters, intents and the audit log are kept here', 'data')
  .option('--metrics-listen <host:port>', 'metrics server', listenOption, { host: '127.0.0.1', port: 9788 })
  .option('--api-listen <host:port>', 'API server', listenOption, { host: '127.0.0.1', port: 9789 })
  .option('--log-level <level>', logLevels.join(', '), levelOption, 'info')
  .option('--shard <index/count>', 'read only this part of the fleet, as 0/2 and 1/2 for two exporters with one fleet.yaml', shardOption, wholeFleet)
  .option('--token <name:scope:file>', 'one more API token, read from a file; may be given several times', tokenOption)
  .option('--no-watch', 'read the configuration anew only when told to (SIGHUP, POST /-/reload)')
  .option('--check-config', 'check the configuration and its secrets, and exit')
  .action(async (flags: StartFlags) => {
    const given = (flags.token ?? []).map(({ name, scope, file }) => ({ name, scope, token_file: file }));
    const dataFolder = path.resolve(flags.data);
    const load = (text?: string): Config => {
      const loaded = loadConfig(flags.config, { file: entriesFile(dataFolder), ...(text === undefined ? {} : { text }) });
      return { ...loaded, api: { ...loaded.api, tokens: [...loaded.api.tokens, ...given] } };
    };
    const config = load();
    const folder = path.dirname(path.resolve(flags.config));
    if (flags.checkConfig === true) {
      check(config, flags.config, folder);
      return;
    }
    // Readings live for one interval and die old, so V8 would let the heap grow to several times what lives: with 5,000 miners
    // over 1 GB in place of 0.75 (docs/performance.md). More frequent collections are the smaller evil.
    setFlagsFromString('--heap-growing-percent=50');
    // What the process holds in its environment stands in diagnostic reports and goes to every child: a copy is enough.
    const environment = { ...process.env };
    for (const name of secretVariables(config)) Reflect.deleteProperty(process.env, name);
    const log = createLogger({ level: flags.logLevel });
    // Listened for from the beginning: a stop while it starts is a stop as soon as it runs.
    const stopAsked = new Promise<void>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
    });
    let putAway: () => void = () => undefined;
    endOnDefect(log, () => putAway());
    const service = await startService({ config, load, folder, shard: flags.shard, dataFolder, ...(flags.watch ? { watch: path.resolve(flags.config) } : {}), metrics: flags.metricsListen, api: flags.apiListen, environment, log });
    putAway = () => service.abandon();
    log.info({ version, miners: config.miners.length, metrics: `http://${flags.metricsListen.host}:${service.metricsPort}/metrics`, api: `http://${flags.apiListen.host}:${service.apiPort}/api/v1`, control: config.control.enabled }, 'hashfleet is running');
    // The refusal of a bad file is in the log and in hashfleet_config_reload_success; the old one stays in force.
    process.on('SIGHUP', () => void service.reload().catch(() => undefined));
    await stopAsked;
    log.info('stopping');
    await service.stop();
  });

program.command('check-config').argument('[file]', 'the fleet', 'fleet.yaml').description('check a configuration, the files that it names, and its secrets')
  .option('--data <folder>', 'check the entries of the API too, which are in this folder')
  .action((file: string, { data }: { data?: string }) => check(loadConfig(file, data === undefined ? undefined : { file: entriesFile(data) }), file, path.dirname(path.resolve(file))));

addDiscover(program);
addSecrets(program);
addBackfill(program);
addEarnings(program);
addReport(program);
addLearning(program);
addAnomalies(program);
addAbacus(program);

addFleet(program);
addAct(program);
addJobs(program);
addApprovals(program);
addSchedule(program);
addAudit(program);

program.command('openapi').description('print the API\'s description (OpenAPI 3.1)').action(() => console.log(JSON.stringify(openapiDocument(version), null, 2)));
program.command('series').description('print the reference of all series (Markdown)').action(() => console.log(seriesReference().trimEnd()));

program.addHelpText('after', `
Exit codes: 0 done; 1 failed; 2 an argument or a configuration that is not valid; ${attentionExit} done, but a miner needs a person; ${refusedExit} the exporter
refuses; ${plannedExit} planned, not confirmed.
`);
tab(program, { completionCommandName: 'completion' });

/** A defect that nobody caught: said in one line, what is kept is put away, and the supervisor starts a process whose state is known. */
function endOnDefect(log: Logger, putAway: () => void): void {
  const end = (origin: string) => (thrown: unknown) => {
    // Only the stack: what else an error carries may hold a request with its password.
    log.fatal({ origin, stack: thrown instanceof Error ? thrown.stack : messageOf(thrown) }, 'a defect of the exporter; it ends. Please report it with this line');
    try {
      putAway();
    } catch (other) {
      log.error({ err: messageOf(other) }, 'the data folder could not be put away');
    }
    process.exit(1);
  };
  process.on('uncaughtException', end('uncaught exception'));
  process.on('unhandledRejection', end('unhandled rejection'));
}

const exitCodes: Readonly<Partial<Record<ErrorCode, number>>> = {
  config_invalid: 2, secret_missing: 2, payload_invalid: 2,
  unauthenticated: refusedExit, forbidden: refusedExit, control_disabled: refusedExit, not_allowed: refusedExit, confirmation_needed: refusedExit, confirmation_invalid: refusedExit,
  step_up_needed: refusedExit, approval_needed: refusedExit, conflict: refusedExit, busy: refusedExit, not_now: refusedExit, nothing_to_do: refusedExit, rate_limited: refusedExit,
};

function check(config: Config, file: string, folder: string): void {
  checkGroups(config.groups);
  const read = secretReader({ environment: process.env, folder, secrets: config.secrets });
  checkNames(config);
  const missing: string[] = [];
  const look = (what: string, source: SecretSource | undefined) => {
    try {
      if (source !== undefined) read(what, source);
    } catch (thrown) {
      missing.push(messageOf(thrown));
    }
  };
  for (const [name, entry] of Object.entries(config.credentials)) look(`credentials.${name}`, sourceOf(entry, 'password'));
  for (const entry of config.api.tokens) look(`api.tokens ${entry.name}`, sourceOf(entry, 'token'));
  for (const entry of config.pools) {
    look(`pools ${entry.name}`, sourceOf(entry, 'api_key'));
    look(`pools ${entry.name} api_secret`, sourceOf(entry, 'api_secret'));
  }
  if (config.api.tls !== undefined) tlsOptions(config.api.tls, folder);
  if (missing.length > 0) throw new HashfleetError('config_invalid', missing.join('\n'));
  console.log(`${file} is valid: ${config.miners.length} miners, ${config.sites.length} sites, ${config.pools.length} pools, control ${config.control.enabled ? 'on' : 'off'}`);
  const from = new Map<string, number>();
  for (const { place = file } of config.miners) from.set(place.replace(/:\d+$/, ''), (from.get(place.replace(/:\d+$/, '')) ?? 0) + 1);
  if (from.size > 1 || !from.has(file)) for (const [origin, count] of from) console.log(`  ${count} miners from ${origin}`);
  for (const { addresses, exclude, interval_seconds: seconds } of config.inventory.ranges) console.log(`  range ${addresses}: ${rangeTargets({ addresses, exclude }).count} addresses, every ${seconds} s`);
}

try {
  await program.parseAsync();
} catch (thrown) {
  // A known error is for the person; its stack is not.
  console.error(thrown instanceof HashfleetError ? thrown.message : thrown);
  process.exitCode = thrown instanceof HashfleetError ? exitCodes[thrown.code] ?? 1 : 1;
}
