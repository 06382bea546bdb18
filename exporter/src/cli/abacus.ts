/** `hashfleet abacus …`: makes ready, shows and stops what the optional back end uses at Abacus.AI. The account's key comes from the environment only. */
import { renameSync, writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { bootstrap, type AbacusState } from '../advice/abacus/bootstrap.ts';
import { AbacusFailure, createAbacusClient, type AbacusClient } from '../advice/abacus/client.ts';
import { abacusFile, readAbacusState } from '../advice/abacus/open.ts';
import { abacusTargets } from '../advice/abacus/rows.ts';
import { loadConfig } from '../config/load.ts';
import { entriesFile } from '../control/entries.ts';
import { HashfleetError } from '../errors.ts';

interface Flags { readonly config: string; readonly data: string }
interface BootstrapFlags extends Flags { readonly dryRun?: true; readonly lookSeconds: string }

/** Ms that making something may take to be answered. */
const timeoutMs = 60_000;

function accountClient({ config, data }: Flags): { client: AbacusClient; settings: ReturnType<typeof loadConfig>['ml']['abacus']; dataFolder: string } {
  const apiKey = process.env['ABACUS_API_KEY'];
  if (apiKey === undefined || apiKey === '') throw new HashfleetError('secret_missing', 'The environment variable ABACUS_API_KEY is not set. Only this command needs the account\'s key; the running exporter does not.');
  const dataFolder = path.resolve(data);
  const { ml: { abacus: settings } } = loadConfig(config, { file: entriesFile(dataFolder) });
  return { client: createAbacusClient({ server: settings.server, apiKey, requestsPerSecond: settings.requests_per_second, callsPerDay: settings.calls_per_day, timeoutMs }), settings, dataFolder };
}

function keep(dataFolder: string, state: AbacusState): void {
  const file = abacusFile(dataFolder);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}

/** @throws HashfleetError with the remedy, in place of the client's own words */
async function told<T>(client: AbacusClient, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof AbacusFailure)) throw thrown;
    const remedy = thrown.reason === 'refused' ? 'Check ABACUS_API_KEY and what the account may do' : thrown.reason === 'daily_cap' ? 'Raise ml.abacus.calls_per_day' : 'Check ml.abacus.server and the network';
    throw new HashfleetError('internal', `Abacus.AI: ${thrown.message} ${remedy}, then run this again; it goes on where it was.`);
  } finally {
    await client.close();
  }
}

export function addAbacus(program: Command): void {
  const abacus = program.command('abacus').description('the optional back end at Abacus.AI (docs/abacus.md)');
  const withPlace = (command: Command) => command.option('-c, --config <file>', 'the fleet', 'fleet.yaml').option('--data <folder>', 'data folder of the exporter', 'data');
  withPlace(abacus.command('bootstrap').description('make table, projects, models, deployments and tokens there; what exists is kept. Costs money at Abacus.AI'))
    .option('--dry-run', 'say what would be made; nothing is sent')
    .option('--look-seconds <s>', 'between two looks at what is being made', '10')
    .action(async (flags: BootstrapFlags) => {
      if (flags.dryRun === true) {
        console.log(`Would make at Abacus.AI, as far as it is not there: a streaming table, a streaming token, and for each of ${abacusTargets.join(' and ')} a project, a regression, a deployment with a token and a monitor.\nIds and tokens go into ${abacusFile(path.resolve(flags.data))}, readable by you only.`);
        return;
      }
      const { client, settings, dataFolder } = accountClient(flags);
      await told(client, async () => bootstrap({
        client, tableName: settings.table, retentionHours: settings.retention_hours, state: readAbacusState(dataFolder), lookMs: Number(flags.lookSeconds) * 1000,
        say: (line) => console.log(line), keep: (state) => keep(dataFolder, state),
      }));
      console.log(`Ready. Set ml.backend: abacus in ${flags.config} and start the exporter anew; deployments cost money until "hashfleet abacus stop".`);
    });
  withPlace(abacus.command('status').description('how the deployments are')).action(async (flags: Flags) => {
    const { client, dataFolder } = accountClient(flags);
    const state = readAbacusState(dataFolder);
    if (state === undefined) throw new HashfleetError('not_found', `There is no ${abacusFile(dataFolder)}; "hashfleet abacus bootstrap" makes it.`);
    await told(client, async () => {
      for (const target of abacusTargets) {
        const id = state.deployments[target]?.deploymentId;
        const answer = id === undefined ? undefined : await client.call('describeDeployment', { deploymentId: id }) as { readonly status?: string } | null;
        console.log(`${target}: ${id === undefined ? 'no deployment' : `deployment ${id} is ${(answer?.status ?? 'unknown').toLowerCase()}`}`);
      }
    });
  });
  for (const [name, action, about] of [['stop', 'stopDeployment', 'stop the deployments: they cost money; the embedded model answers'], ['resume', 'startDeployment', 'start them again']] as const) {
    withPlace(abacus.command(name).description(about)).action(async (flags: Flags) => {
      const { client, dataFolder } = accountClient(flags);
      const ids = Object.values(readAbacusState(dataFolder)?.deployments ?? {}).map(({ deploymentId }) => deploymentId);
      if (ids.length === 0) throw new HashfleetError('not_found', `${abacusFile(dataFolder)} names no deployment; nothing was done.`);
      await told(client, async () => {
        for (const deploymentId of ids) {
          await client.call(action, { deploymentId });
          console.log(`${deploymentId}: told to ${name}`);
          await pause(0);
        }
      });
    });
  }
}
