/** `hashfleet jobs`: what is being done to miners, and what came of it. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { targetStates } from '../control/journal.ts';
import { Job, Jobs, JobTarget } from '../http/schemas.ts';
import { apiOf, withApi, type Api, type ApiFlags } from './api.ts';
import { attentionExit } from './exit.ts';
import { tableText, wantsColour, type Column, type Paint } from './table.ts';

export type JobReply = z.output<typeof Job>;
type Target = JobReply['targets'][number];

interface Flags extends ApiFlags { readonly json?: true }

export function addJobs(program: Command): void {
  const jobs = program.command('jobs').description('jobs of control');
  withApi(jobs.command('list', { isDefault: true }).description('print the latest jobs, newest first'), 'read')
    .option('--json', 'as the API tells them')
    .action(async (flags: Flags) => {
      const { jobs: found } = await apiOf(flags).ask('/jobs', Jobs);
      console.log(flags.json === true ? JSON.stringify(found, null, 2) : listText(found, { colour: wantsColour() }));
    });
  withApi(jobs.command('show').argument('<id>').description('print one job with what came of each miner'), 'read')
    .option('--json', 'as the API tells it')
    .action(async (id: string, flags: Flags) => print(await apiOf(flags).ask(`/jobs/${encodeURIComponent(id)}`, Job), flags));
  withApi(jobs.command('watch').argument('<id>').description(`follow a job until it is over; exit code ${attentionExit} when a miner is not as it should be`), 'read')
    .option('--json', 'the job as the API tells it, once it is over')
    .action(async (id: string, flags: Flags) => {
      const job = await follow(apiOf(flags), id, flags.json === true ? undefined : (line) => console.error(line));
      print(job, flags);
      process.exitCode = exitOf(job);
    });
  withApi(jobs.command('cancel').argument('<id>').description('leave out what is not sent yet'), 'operate')
    .option('--json', 'as the API tells it')
    .action(async (id: string, flags: Flags) => print(await apiOf(flags).ask(`/jobs/${encodeURIComponent(id)}/cancel`, Job, { method: 'POST', json: {} }), flags));
}

/** Calls `say` with a line for each miner that has changed; resolves with the job once it is over. @throws HashfleetError */
export async function follow(api: Api, id: string, say: ((line: string) => void) | undefined): Promise<JobReply> {
  await api.events(`/jobs/${encodeURIComponent(id)}/events`, (event, data) => {
    const target = event === 'target' ? JobTarget.safeParse(data) : undefined;
    if (target?.success === true) say?.(`${target.data.miner}: ${target.data.state}${target.data.detail === undefined ? '' : `, ${target.data.detail}`}`);
  });
  return api.ask(`/jobs/${encodeURIComponent(id)}`, Job);
}

export function exitOf({ state, targets }: JobReply): number {
  return state === 'finished' && targets.every((target) => target.state === 'verified' || target.state === 'skipped') ? 0 : attentionExit;
}

export function print(job: JobReply, { json }: { json?: true }): void {
  console.log(json === true ? JSON.stringify(job, null, 2) : jobText(job, { colour: wantsColour() }));
}

const paints: Readonly<Record<string, Paint>> = { verified: 'green', failed: 'red', indeterminate: 'yellow', cancelled: 'dim', skipped: 'dim' };
const targetColumns: readonly Column<Target>[] = [
  { title: 'MINER', of: ({ miner }) => miner },
  { title: 'OUTCOME', of: ({ state }) => state, paint: ({ state }) => paints[state] },
  { title: 'DETAIL', of: ({ detail = '', rollBackTo }) => `${detail}${rollBackTo === undefined ? '' : ` (taken back to ${rollBackTo})`}` },
];

export function jobText(job: JobReply, options: { colour?: boolean } = {}): string {
  return `job ${job.id}: ${job.action} by ${job.actor}, ${job.state}, begun ${job.createdAt}${job.finishedAt === undefined ? '' : `, over ${job.finishedAt}`}\n${tableText(job.targets, targetColumns, options)}\n\n${tally(job.targets)}`;
}

function tally(targets: readonly Target[]): string {
  return targetStates.flatMap((state) => {
    const count = targets.filter((target) => target.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  }).join(', ');
}

const jobColumns: readonly Column<JobReply>[] = [
  { title: 'JOB', of: ({ id }) => id },
  { title: 'BEGUN', of: ({ createdAt }) => createdAt.replace(/\.\d+Z$/, 'Z') },
  { title: 'ACTION', of: ({ action }) => action },
  { title: 'BY', of: ({ actor }) => actor },
  { title: 'STATE', of: ({ state }) => state, paint: ({ state }) => (state === 'running' ? 'yellow' : undefined) },
  { title: 'MINERS', of: ({ targets }) => tally(targets) },
];

function listText(jobs: readonly JobReply[], options: { colour?: boolean }): string {
  return jobs.length === 0 ? 'No job; older ones are in the audit log (hashfleet audit).' : tableText(jobs, jobColumns, options);
}
