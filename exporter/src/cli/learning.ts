/** `hashfleet train`, `backtest` and `models`: what advice learns from, how good that is, and which model is in force. */
import path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { entriesFile } from '../control/entries.ts';
import { backtestReply, trainReply } from '../http/learning-routes.ts';
import type { Accuracy } from '../learning/accuracy.ts';
import type { BacktestReport } from '../learning/backtest.ts';
import { movedFeatures } from '../learning/drift.ts';
import { modelsFolder } from '../learning/learning.ts';
import { openRegistry, type ModelRecord, type Registry, type RegistryState } from '../learning/registry.ts';
import { isOld, runTask, type Progress, type TaskOrder, type TaskResult, type TrainResult } from '../learning/tasks.ts';
import { learningSettings } from './core.ts';
import { tableText, wantsColour } from './table.ts';

interface TaskFlags { readonly config: string; readonly data: string; readonly prometheus?: string; readonly days?: number; readonly json?: true }
interface TrainFlags extends TaskFlags { readonly dryRun?: true }
interface BacktestFlags extends TaskFlags { readonly seed: number }
interface ModelFlags { readonly data: string }
interface ListFlags extends ModelFlags { readonly config: string; readonly json?: true }

const defaultPrometheus = 'http://127.0.0.1:9090';
/** A running exporter looks so often, see learning/learning.ts. */
const takenUp = 'A running exporter with this data folder takes it up within a minute.';

function wholeOption(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) throw new InvalidArgumentError(`give a whole number from ${least} to ${most}`);
    return value;
  };
}

export function addLearning(program: Command): void {
  const withSource = (command: Command) => command
    .option('--prometheus <url>', `where the measurements are; else prometheus.url of the fleet, else ${defaultPrometheus}`)
    .option('--days <n>', 'days of hours to read; else ml.train_days of the fleet', wholeOption(2, 365))
    .option('-c, --config <file>', 'the fleet', 'fleet.yaml')
    .option('--data <folder>', 'data folder of the exporter, which may be running', 'data')
    .option('--json', 'the result as the API tells it');
  withSource(program.command('train').description('learn from what Prometheus has; a model that is better than the one in force takes its place'))
    .option('--dry-run', 'compare only; nothing is written')
    .action(async (flags: TrainFlags) => {
      const result = await perform('train', flags, { dryRun: flags.dryRun === true });
      if (result.kind === 'train') console.log(flags.json === true ? JSON.stringify(trainReply(result), null, 2) : trainText(result));
    });
  withSource(program.command('backtest').description('replay day by day what advice would have done on what was known then'))
    .option('--seed <n>', 'of the resampling; the same gives the same', wholeOption(0, 4_294_967_295), 1)
    .action(async (flags: BacktestFlags) => {
      const result = await perform('backtest', flags, { seed: flags.seed });
      if (result.kind === 'backtest') console.log(flags.json === true ? JSON.stringify(backtestReply(result.report), null, 2) : backtestText(result.report));
    });
  const models = program.command('models').description('models that advice may go by');
  const withFolder = (command: Command) => command.option('--data <folder>', 'data folder of the exporter, which may be running', 'data');
  withFolder(models.command('list', { isDefault: true }).description('print the models that are kept, newest first'))
    .option('-c, --config <file>', 'the fleet', 'fleet.yaml')
    .option('--json', 'as JSON')
    .action((flags: ListFlags) => {
      const registry = registryOf(flags);
      const [all, state] = [registry.all(), registry.state()];
      const maxAgeDays = loadConfig(flags.config, { file: entriesFile(path.resolve(flags.data)) }).ml.max_age_days;
      console.log(flags.json === true ? JSON.stringify({ ...state, models: all.map(({ model: _model, references: _references, ...rest }) => rest) }, null, 2) : listText(all, state, maxAgeDays));
    });
  withFolder(models.command('promote').argument('<version>', 'as "hashfleet models" prints it', wholeOption(1, 999_999)).description('put a model in force, whatever the comparison said'))
    .action((version: number, flags: ModelFlags) => {
      registryOf(flags).promote(version);
      console.log(`Model ${version} is in force. ${takenUp}`);
    });
  withFolder(models.command('rollback').description('put the model in force that was before, or none'))
    .action((flags: ModelFlags) => {
      const { inForce } = registryOf(flags).rollback();
      console.log(`${inForce === undefined ? 'No promoted model is in force: advice goes by the hours of the running exporter' : `Model ${inForce} is in force again`}. ${takenUp}`);
    });
}

function registryOf({ data }: ModelFlags): Registry {
  return openRegistry(modelsFolder(path.resolve(data)), ({ file, why }) => console.error(`${file} is damaged: ${why}.`));
}

/** @throws HashfleetError config_invalid, payload_invalid, prometheus_unreachable, too_little_data, internal */
async function perform(kind: TaskOrder['kind'], flags: TaskFlags, { dryRun = false, seed = 1 }: { readonly dryRun?: boolean; readonly seed?: number }): Promise<TaskResult> {
  const dataFolder = path.resolve(flags.data);
  const settings = learningSettings(loadConfig(flags.config, { file: entriesFile(dataFolder) }));
  const order: TaskOrder = {
    kind, seed, dryRun, prometheusUrl: flags.prometheus ?? settings.prometheusUrl ?? defaultPrometheus, days: flags.days ?? settings.trainDays, now: Date.now(),
    maxAgeDays: settings.maxAgeDays, limits: settings.limits, circuitOf: settings.circuitOf, folder: modelsFolder(dataFolder),
  };
  return runTask(order, { progress: (progress) => console.error(progressText(progress)), damage: ({ file, why }) => console.error(`${file} is damaged: ${why}.`) });
}

const steps: Readonly<Record<Progress['step'], string>> = { reading: 'reading hours', fitting: 'fitting', comparing: 'comparing over the last days', deciding: 'deciding day by day' };

function progressText({ step, done, total }: Progress): string {
  return total > 1 ? `[${done}/${total}] ${steps[step]}` : steps[step];
}

function trainText({ record: { version, trained, verdict }, promoted, drift, milliseconds }: TrainResult): string {
  const { stop, warn } = movedFeatures(drift);
  const moved = (list: readonly (keyof typeof drift)[]) => list.map((feature) => `${feature} ${(drift[feature] ?? 0).toFixed(2)}`).join(', ');
  return [
    `${trained.hours} hours of ${trained.miners} miners, ${day(trained.from)} to ${day(trained.to)}; learned in ${(milliseconds / 1000).toFixed(1)} s.`,
    version === undefined ? `Nothing was written. It would ${verdict.promote ? 'be in force' : 'be kept as a candidate'}: ${verdict.reason}.`
      : promoted ? `Model ${version} is in force: ${verdict.reason}. ${takenUp}` : `Model ${version} is kept as a candidate: ${verdict.reason}.`,
    ...(stop.length === 0 ? [] : [`The last day is not like the hours before (PSI above 0.25): ${moved(stop)}. Apply no advice without looking.`]),
    ...(warn.length === 0 ? [] : [`The last day begins to differ (PSI above 0.1): ${moved(warn)}.`]),
  ].join('\n');
}

const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const percent = (share: number | undefined) => (share === undefined ? '' : `${(share * 100).toFixed(2)} %`);
const dollars = (usd: number) => usd.toFixed(2);

export function backtestText(report: BacktestReport): string {
  const { accuracy, usdPerDay, modelOverStay, modelOverTable, breaches, brier, reliability } = report;
  const who = { ratio: 'model', table: 'preset table', last_day: 'last 24 h' } as const;
  const rows = (Object.keys(who) as (keyof typeof who)[]).map((key): { name: string; of: Accuracy } => ({ name: who[key], of: accuracy[key] }));
  const said = (name: string, one: typeof modelOverStay) => (one === undefined ? [] : [`Model over ${name}: ${dollars(one.value)} USD a day (80 %: ${dollars(one.low)} to ${dollars(one.high)}).`]);
  return [
    `${day(report.from)} to ${day(report.to)}, ${report.days} days, each decided on the 14 before it. Seed ${report.seed}.`, '',
    tableText(rows, [
      { title: 'ERROR OF', of: ({ name }) => name }, { title: 'HASHRATE', right: true, of: ({ of: one }) => percent(one.hashrate) }, { title: 'POWER', right: true, of: ({ of: one }) => percent(one.power) },
      { title: 'CHIPS', right: true, of: ({ of: one }) => (one.chipTemperature === undefined ? '' : `${one.chipTemperature.toFixed(2)} C`) }, { title: 'IN 80 %', right: true, of: ({ of: one }) => percent(one.coverage) }, { title: 'HOURS', right: true, of: ({ of: one }) => String(one.hours) },
    ], { colour: wantsColour() }), '',
    `Decisions: ${report.decisions}, of which ${report.scored} (${percent(report.scoredShare)}) chose a preset that the miner really ran and could be scored.`,
    ...(usdPerDay === undefined ? ['Nothing can be said of money: no decision could be scored, or no price is in Prometheus.'] : [`USD a day: stay ${dollars(usdPerDay.stay)}, preset table ${dollars(usdPerDay.table)}, model ${dollars(usdPerDay.model)}.`]),
    ...said('staying', modelOverStay), ...said('the preset table', modelOverTable),
    `Changes a day: ${report.switchesPerDay.toFixed(2)}. Limits broken: temperature ${breaches.temperature}, circuits ${breaches.circuits}.`,
    ...(brier === undefined ? [] : [`Brier score of "it gains": ${brier.toFixed(4)}.`, '', tableText(reliability, [
      { title: 'SAID', of: ({ from, to }) => `${(from * 100).toFixed(0)}-${(to * 100).toFixed(0)} %` }, { title: 'MEAN', right: true, of: (bin) => percent(bin.said) }, { title: 'CAME', right: true, of: (bin) => percent(bin.came) }, { title: 'COUNT', right: true, of: ({ count }) => String(count) },
    ], { colour: wantsColour() })]),
  ].join('\n');
}

function listText(all: readonly ModelRecord[], { inForce, earlier, rollbacks }: RegistryState, maxAgeDays: number): string {
  if (all.length === 0) return 'No model was trained yet (hashfleet train). Advice goes by the hours of the running exporter.';
  const statusOf = (one: ModelRecord) => (one.version === inForce ? (isOld(one, { now: Date.now(), maxAgeDays }) ? 'too old' : 'in force') : earlier.includes(one.version) ? 'earlier' : 'candidate');
  return `${tableText(all, [
    { title: 'MODEL', right: true, of: ({ version }) => String(version) }, { title: 'STATUS', of: statusOf, paint: (one) => (statusOf(one) === 'in force' ? 'green' : undefined) },
    { title: 'HOURS UNTIL', of: ({ trained: { to } }) => new Date(to).toISOString().slice(0, 16) }, { title: 'HOURS', right: true, of: ({ trained: { hours } }) => String(hours) }, { title: 'MINERS', right: true, of: ({ trained: { miners } }) => String(miners) },
    { title: 'HASHRATE', right: true, of: ({ contest: { candidate } }) => percent(candidate.hashrate) }, { title: 'POWER', right: true, of: ({ contest: { candidate } }) => percent(candidate.power) }, { title: 'WHY', of: ({ verdict: { reason } }) => reason },
  ], { colour: wantsColour() })}\n\nRolled back: ${rollbacks} times.`;
}
