/** `hashfleet audit`: is the chain of the audit log whole, and what stands in it. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { verifyAuditLog, type AuditEntry } from '../control/audit.ts';
import { field } from '../earnings/report-csv.ts';
import type { z } from 'zod';
import { HashfleetError } from '../errors.ts';
import { Audit } from '../http/schemas.ts';
import { apiOf, withApi, type ApiFlags } from './api.ts';
import { tableText, wantsColour, type Column } from './table.ts';

const usualFile = 'data/audit/audit.jsonl';

interface ExportOptions { readonly from?: string; readonly to?: string; readonly miner?: string; readonly actor?: string; readonly job?: string; readonly format: 'jsonl' | 'csv'; readonly out?: string }

interface ListOptions extends ApiFlags { readonly miner?: string; readonly limit: string; readonly json?: true }

const listColumns: readonly Column<z.output<typeof Audit>['entries'][number]>[] = [
  { title: 'AT', of: ({ at }) => at.replace(/\.\d+Z$/, 'Z') },
  { title: 'WHO', of: ({ actor }) => actor },
  { title: 'EVENT', of: ({ event }) => event },
  { title: 'ACTION', of: ({ action = '' }) => action },
  { title: 'MINER', of: ({ miner = '' }) => miner },
  { title: 'OUTCOME', of: ({ outcome = '' }) => outcome },
  { title: 'DETAIL', of: ({ detail = '' }) => detail },
];

export function addAudit(program: Command): void {
  const audit = program.command('audit').description('the audit log');
  withApi(audit.command('list').description('print the latest entries, as the running exporter has them, newest first'), 'read')
    .option('--miner <name>', 'of this miner')
    .option('--limit <count>', 'so many', '30')
    .option('--json', 'as the API tells them')
    .action(async ({ miner, limit, json, ...flags }: ListOptions) => {
      const query = new URLSearchParams({ limit, ...(miner === undefined ? {} : { miner }) });
      const { entries } = await apiOf(flags).ask(`/audit?${query.toString()}`, Audit);
      console.log(json === true ? JSON.stringify(entries, null, 2) : entries.length === 0 ? 'Nothing was done yet.' : tableText(entries, listColumns, { colour: wantsColour() }));
    });
  audit.command('verify').argument('[file]', 'the log', usualFile).description('check the chain of the audit log, also of the files that were set aside')
    .action((file: string) => {
      const entries = read(file);
      console.log(`${file}: ${entries.length} entries, the chain is whole`);
    });
  audit.command('export').argument('[file]', 'the log', usualFile).description('print the entries of the audit log, oldest first, after its chain was checked')
    .option('--from <time>', 'not before, as 2026-11-23 or 2026-11-23T08:00:00Z')
    .option('--to <time>', 'before')
    .option('--miner <name>', 'of this miner')
    .option('--actor <name>', 'of this person')
    .option('--job <id>', 'of this job')
    .addOption(new Option('--format <format>', 'one JSON object a line, or a table').choices(['jsonl', 'csv']).default('jsonl'))
    .option('--out <file>', 'into this file, which must not be there yet; else to standard output')
    .action((file: string, options: ExportOptions) => {
      const [from, to] = [timeOf('--from', options.from), timeOf('--to', options.to)];
      const fits = (entry: AuditEntry) => (['miner', 'actor', 'job'] as const).every((field) => options[field] === undefined || entry[field] === options[field])
        && (from === undefined || Date.parse(entry.at) >= from) && (to === undefined || Date.parse(entry.at) < to);
      const chosen = read(file).filter(fits);
      const text = options.format === 'csv' ? table(chosen) : chosen.map((entry) => `${JSON.stringify(entry)}\n`).join('');
      if (options.out === undefined) {
        process.stdout.write(text);
        return;
      }
      if (existsSync(options.out)) throw new HashfleetError('payload_invalid', `${options.out} is there already; nothing was written. Name another file.`);
      writeFileSync(options.out, text, { mode: 0o600 });
      console.error(`${options.out}: ${chosen.length} entries`);
    });
}

function read(file: string): AuditEntry[] {
  // A log that was deleted is not a log that is whole.
  if (!existsSync(file)) throw new HashfleetError('not_found', `${file}: there is no such file; name the log of the data folder (FOLDER/audit/audit.jsonl).`);
  return verifyAuditLog(path.dirname(file));
}

function timeOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new HashfleetError('payload_invalid', `${option}: "${text}" is no time; write it as 2026-11-23 or 2026-11-23T08:00:00Z.`);
  return time;
}

const columns = ['sequence', 'at', 'actor', 'token', 'event', 'action', 'job', 'miner', 'outcome', 'detail', 'before', 'after', 'hash'] as const;

function table(entries: readonly AuditEntry[]): string {
  return [columns.join(','), ...entries.map((entry) => columns.map((column) => field(textOf(entry[column]))).join(','))].map((line) => `${line}\r\n`).join('');
}

function textOf(value: AuditEntry[(typeof columns)[number]]): string | number | undefined {
  return typeof value === 'object' ? JSON.stringify(value) : value;
}
