/** `hashfleet approvals`: what waits for a second person. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { HashfleetError } from '../errors.ts';
import { Approval, Approvals } from '../http/schemas.ts';
import { planText } from './act.ts';
import { apiOf, withApi, type Api, type ApiFlags } from './api.ts';
import { confirmedByYes } from './confirm.ts';
import { plannedExit } from './exit.ts';
import { tableText, wantsColour, type Column } from './table.ts';

type Reply = z.output<typeof Approval>;

interface Flags extends ApiFlags { readonly json?: true; readonly yes?: true; readonly reason?: string }

export function addApprovals(program: Command): void {
  const approvals = program.command('approvals').description('actions that wait for a second person');
  withApi(approvals.command('list', { isDefault: true }).description('print them, newest first'), 'read')
    .option('--json', 'as the API tells them')
    .action(async (flags: Flags) => {
      const { approvals: found } = await apiOf(flags).ask('/approvals', Approvals);
      console.log(flags.json === true ? JSON.stringify(found, null, 2) : found.length === 0 ? 'Nothing waits.' : tableText(found, columns, { colour: wantsColour() }));
    });
  withApi(approvals.command('approve').argument('<id>').description('look at the plan and agree to exactly that'), 'operate')
    .option('-y, --yes', 'do not ask')
    .action(async (id: string, flags: Flags) => answer(id, 'approve', flags));
  withApi(approvals.command('confirm').argument('<id>').description('confirm a plan that has changed since, as who asked for it'), 'operate')
    .option('-y, --yes', 'do not ask')
    .action(async (id: string, flags: Flags) => answer(id, 'confirm', flags));
  withApi(approvals.command('reject').argument('<id>').description('disagree, or withdraw what one asked for'), 'operate')
    .option('--reason <text>', 'goes to the audit log')
    .action(async (id: string, { reason, ...flags }: Flags) => {
      const { state } = await apiOf(flags).ask(`/approvals/${encodeURIComponent(id)}/reject`, Approval, { method: 'POST', json: reason === undefined ? {} : { reason } });
      console.log(`approval ${id}: ${state}`);
    });
}

async function answer(id: string, what: 'approve' | 'confirm', flags: Flags): Promise<void> {
  const api = apiOf(flags);
  const approval = await waiting(api, id);
  console.log(`${approval.actor} asks for this; ${approval.reason}.\n${planText(approval.plan, { colour: wantsColour() })}`);
  if (flags.yes !== true && !await confirmedByYes(`${what === 'approve' ? 'Approve' : 'Confirm'} it? [y/N] `)) {
    console.log('Nothing was done.');
    process.exitCode = plannedExit;
    return;
  }
  // Exactly the plan that was shown: when it changes meanwhile, the exporter refuses.
  const { state, job } = await api.ask(`/approvals/${encodeURIComponent(id)}/${what}`, Approval, { method: 'POST', json: { fingerprint: approval.fingerprint } });
  console.log(`approval ${id}: ${state}${job === undefined ? '' : `; "hashfleet jobs watch ${job}" follows it`}`);
}

async function waiting(api: Api, id: string): Promise<Reply> {
  const { approvals } = await api.ask('/approvals', Approvals);
  const found = approvals.find((approval) => approval.id === id);
  if (found === undefined) throw new HashfleetError('not_found', `There is no approval "${id}"; "hashfleet approvals" lists them.`);
  return found;
}

const columns: readonly Column<Reply>[] = [
  { title: 'APPROVAL', of: ({ id }) => id },
  { title: 'ASKED', of: ({ requestedAt }) => requestedAt.replace(/\.\d+Z$/, 'Z') },
  { title: 'BY', of: ({ actor }) => actor },
  { title: 'ACTION', of: ({ action }) => action },
  { title: 'MINERS', right: true, of: ({ plan: { targets } }) => String(targets.length) },
  { title: 'STATE', of: ({ state, confirmed }) => (state === 'awaiting_approval' && !confirmed ? 'awaiting confirmation' : state.replace('_', ' ')), paint: ({ state }) => (state === 'awaiting_approval' ? 'yellow' : undefined) },
  { title: 'ANSWERED BY', of: ({ answeredBy = '' }) => answeredBy },
  { title: 'JOB', of: ({ job = '' }) => job },
];
