/** The command `hashfleet report`: what each miner used, cost and brought in, for the books. */
import path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { localDay } from '../analytics/tariff.ts';
import { loadConfig } from '../config/load.ts';
import { entriesFile } from '../control/entries.ts';
import { readLedger, type LedgerView } from '../earnings/ledger.ts';
import { readMeasured } from '../earnings/measured.ts';
import { askPrometheus } from '../earnings/prometheus.ts';
import { reportCsv } from '../earnings/report-csv.ts';
import { reportHtml } from '../earnings/report-html.ts';
import { makeReport, reportPeriods, reportRange, reportTables, type ReportOptions, type ReportPeriod, type ReportTable } from '../earnings/report.ts';
import { HashfleetError } from '../errors.ts';
import { createLogger } from '../log.ts';
import { writeWhole } from './backfill.ts';

const formats = ['csv', 'html'] as const;
const defaultPrometheus = 'http://127.0.0.1:9090';
/** Ms after which the command says how far it is, and between two such lines. */
const progressMs = 1000;

interface Flags {
  readonly period: ReportPeriod;
  readonly from?: string;
  readonly to?: string;
  readonly site?: string;
  readonly format: (typeof formats)[number];
  readonly table: ReportTable;
  readonly out: string;
  readonly config: string;
  readonly data: string;
  /** False: --without-prometheus. */
  readonly prometheus?: string;
  readonly withoutPrometheus?: true;
}

export function addReport(program: Command): void {
  const oneOf = (allowed: readonly string[]) => (text: string) => {
    if (!allowed.includes(text)) throw new InvalidArgumentError(`one of ${allowed.join(', ')}`);
    return text;
  };
  program.command('report').description('write a report for accounting: energy, cost, coins, income and profit of each miner')
    .requiredOption('--period <period>', reportPeriods.join(', '), oneOf(reportPeriods))
    .requiredOption('--out <file>', 'the file to write')
    .option('--from <day>', 'first local day, as 2026-11-01', dayOption)
    .option('--to <day>', 'last local day; without both the last whole period', dayOption)
    .option('--site <name>', 'only this site')
    .option('--format <format>', formats.join(', '), oneOf(formats), 'csv')
    .option('--table <table>', `with csv: ${reportTables.join(', ')}`, oneOf(reportTables), 'miners')
    .option('-c, --config <file>', 'the fleet', 'fleet.yaml')
    .option('--data <folder>', 'data folder of the exporter, which may be running', 'data')
    .option('--prometheus <url>', `where the measurements are; else prometheus.url of the fleet, else ${defaultPrometheus}`)
    .option('--without-prometheus', 'only what the ledger has; the report says so')
    .action(async (flags: Flags) => report(flags));
}

function dayOption(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text)) || new Date(text).toISOString().slice(0, 10) !== text) throw new InvalidArgumentError('give a day, for example 2026-11-01');
  return text;
}

/** @throws HashfleetError config_invalid, payload_invalid, not_found, prometheus_unreachable, internal */
async function report({ period, from, to, site, format, table, out, config: file, data, prometheus, withoutPrometheus }: Flags): Promise<void> {
  if (prometheus !== undefined && withoutPrometheus === true) throw new HashfleetError('payload_invalid', 'Give --prometheus or --without-prometheus, not both.');
  const config = loadConfig(file, { file: entriesFile(path.resolve(data)) });
  const sites = config.sites.map(({ name, timezone }) => ({ name, zone: timezone }));
  if (site !== undefined && !sites.some(({ name }) => name === site)) throw new HashfleetError('payload_invalid', `--site: there is no site "${site}" in ${file}; it has ${sites.map(({ name }) => name).join(', ')}.`);
  const now = Date.now();
  const zone = sites.find(({ name }) => name === site)?.zone ?? sites[0]?.zone ?? 'UTC';
  const range = reportRange({ period, from, to, today: localDay(zone, now) });
  const ledger = config.pools.length === 0 ? ledgerIfThere(data) : readLedger(ledgerFolder(data), createLogger({ level: 'warn' }));
  const measured = await measurements();
  const made = makeReport({ ...range, period, site, sites, miners: config.miners, pools: config.pools.map(({ name }) => name), ledger, measured, now });
  await writeWhole(out, [format === 'html' ? reportHtml(made) : reportCsv(made, table)]);
  for (const note of made.notes) console.error(note);
  console.error(`${out}: ${made.from} to ${made.to}, ${format === 'html' || table === 'miners' ? made.rows.length : made[table].length} rows.`);

  async function measurements(): Promise<ReportOptions['measured']> {
    if (withoutPrometheus === true) return { notAsked: 'Prometheus was not asked (--without-prometheus)' };
    const client = askPrometheus(prometheus ?? config.prometheus?.url ?? defaultPrometheus, 'Start it, say with --prometheus where it is, or take --without-prometheus for the ledger alone.');
    let said = now;
    const values = await readMeasured(client, {
      ...range, sites, only: site, now,
      onProgress(done, all) {
        if (Date.now() - said < progressMs) return;
        said = Date.now();
        console.error(`[${done}/${all}] questions to Prometheus`);
      },
    });
    return { from: client.address, values };
  }
}

function ledgerFolder(data: string): string {
  return path.join(data, 'ledger');
}

/** A fleet without pools may never have had books. */
function ledgerIfThere(data: string): LedgerView | undefined {
  try {
    return readLedger(ledgerFolder(data), createLogger({ level: 'warn' }));
  } catch (thrown) {
    if (thrown instanceof HashfleetError && thrown.code === 'not_found') return undefined;
    throw thrown;
  }
}
