/** `hashfleet act`: plans an action, shows the plan, asks, and follows the job. Nothing is done that was not shown and confirmed. */
import { randomUUID } from 'node:crypto';
import { Argument, InvalidArgumentError, type Command } from 'commander';
import type { z } from 'zod';
import { actionNames, type ActionName } from '../control/actions.ts';
import { HashfleetError } from '../errors.ts';
import { ActionReply, ActionRequest, type Plan } from '../http/schemas.ts';
import { apiOf, withApi, type ApiFlags } from './api.ts';
import { typedAnswer } from './confirm.ts';
import { plannedExit } from './exit.ts';
import { exitOf, follow, jobText, print } from './jobs.ts';
import { tableText, wantsColour, type Column } from './table.ts';

type PlanReply = z.output<typeof Plan>;
type Parameters = Record<string, unknown>;

interface Flags extends ApiFlags {
  readonly miner?: readonly string[]; readonly site?: readonly string[]; readonly rack?: readonly string[]; readonly circuit?: readonly string[]; readonly group?: readonly string[];
  readonly model?: readonly string[]; readonly state?: readonly string[]; readonly where?: string; readonly with?: Parameters;
  readonly yes?: true; readonly wait: boolean; readonly json?: true; readonly override?: string; readonly typed?: string; readonly idempotencyKey?: string;
}

export function addAct(program: Command): void {
  const several = (text: string, earlier: readonly string[] = []) => [...earlier, ...text.split(',').map((part) => part.trim()).filter((part) => part !== '')];
  withApi(program.command('act').addArgument(new Argument('<action>', 'what to do').choices(actionNames))
    .description('do something to miners: shows the plan, asks, does it, and tells what came of each'), 'operate')
    .option('--miner <names>', 'these miners, with commas', several)
    .option('--site <names>', 'those of a site', several)
    .option('--rack <names>', 'those in a rack', several)
    .option('--circuit <names>', 'those on a circuit', several)
    .option('--group <names>', 'those of a group of fleet.yaml', several)
    .option('--model <names>', 'those of a model', several)
    .option('--state <states>', 'those in a state', several)
    .option('--where <expression>', 'those that fit an expression, as \'state == "mining" && chip_temperature > 80.0\'')
    .option('--with <name=value>', 'a parameter of the action, as preset=3360 or on=false', parameterOption)
    .option('--override <reason>', 'outside the windows all the same, with a token of scope admin')
    .option('--typed <text>', 'with --yes: the text that an action with step-up wants typed, as the plan names it')
    .option('--idempotency-key <key>', 'the same key starts the same job only once; one is made up when absent')
    .option('-y, --yes', 'do not ask; without it and without a person at the terminal nothing is done')
    .option('--no-wait', 'start the job and return')
    .option('--json', 'plan and job as the API tells them')
    .action(async (action: ActionName, flags: Flags) => act(action, flags));
}

async function act(action: ActionName, flags: Flags): Promise<void> {
  const api = apiOf(flags);
  const say = (text: string) => (flags.json === true ? console.error(text) : console.log(text));
  const order = { action, ...targetsOf(flags), parameters: flags.with ?? {}, ...(flags.override === undefined ? {} : { override: flags.override }) };
  const { plan } = await api.ask('/actions', ActionReply, { method: 'POST', json: { ...order, dryRun: true } });
  say(planText(plan, { colour: wantsColour() }));
  const refusal = plan.rails.find(({ effect }) => effect === 'refuses');
  if (plan.targets.length === 0) throw new HashfleetError('nothing_to_do', 'Nothing to do: no miner is left.');
  if (refusal !== undefined) throw new HashfleetError('not_now', `It would be refused: ${refusal.detail}`);
  const typed = flags.yes === true ? flags.typed : await confirmed(plan);
  if (flags.yes !== true && typed === undefined) {
    say('Nothing was done.');
    if (flags.json === true) console.log(JSON.stringify({ plan }, null, 2));
    process.exitCode = plannedExit;
    return;
  }
  const { job, approval } = await api.ask('/actions', ActionReply, {
    method: 'POST', json: { ...order, dryRun: false, idempotencyKey: flags.idempotencyKey ?? randomUUID(), ...(plan.confirmation.token === undefined ? {} : { confirmationToken: plan.confirmation.token }), ...(plan.stepUp === undefined || typed === undefined ? {} : { typed }) },
  });
  if (approval !== undefined) {
    say(`approval ${approval.id}: ${approval.reason}. Somebody else approves it: hashfleet approvals approve ${approval.id}`);
    if (flags.json === true) console.log(JSON.stringify({ approval }, null, 2));
    process.exitCode = plannedExit;
    return;
  }
  if (job === undefined) throw new HashfleetError('internal', 'The exporter started no job; "hashfleet jobs" tells what there is.');
  if (!flags.wait) {
    if (flags.json === true) print(job, flags);
    else say(`job ${job.id} is on its way; "hashfleet jobs watch ${job.id}" follows it.`);
    return;
  }
  const ended = await follow(api, job.id, (line) => console.error(line));
  if (flags.json === true) print(ended, flags);
  else say(`\n${jobText(ended, { colour: wantsColour() })}`);
  process.exitCode = exitOf(ended);
}

/** @throws HashfleetError payload_invalid when nobody is named: every miner is never meant by silence. */
function targetsOf({ miner, site, rack, circuit, group, model, state, where }: Flags): Pick<z.input<typeof ActionRequest>, 'select'> {
  const select = Object.fromEntries(Object.entries({ names: miner, site, rack, circuit, group, model, state, expression: where }).filter(([, value]) => value !== undefined));
  if (Object.keys(select).length === 0) throw new HashfleetError('payload_invalid', 'Say which miners: --miner, --site, --rack, --circuit, --group, --model, --state or --where.');
  return { select };
}

/** Text where the parameter takes text, else JSON: numbers, true and false, lists. */
function parameterOption(text: string, earlier: Parameters = {}): Parameters {
  const parameters = ActionRequest.shape.parameters.unwrap().shape;
  const [, name = '', value = ''] = /^([A-Za-z]+)=(.*)$/s.exec(text) ?? [];
  const schema = Object.hasOwn(parameters, name) ? parameters[name as keyof typeof parameters] : undefined;
  if (schema === undefined) throw new InvalidArgumentError(`give NAME=VALUE with a name of ${Object.keys(parameters).join(', ')}`);
  const fitting = [value, ...jsonOf(value)].map((given) => schema.safeParse(given)).find(({ success }) => success);
  if (fitting === undefined) throw new InvalidArgumentError(`${name} takes no "${value}"${schema.description === undefined ? '' : `. ${schema.description}`}`);
  return { ...earlier, [name]: fitting.data };
}

function jsonOf(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

/** What the person typed; undefined when they do not want it. */
async function confirmed({ stepUp, targets }: PlanReply): Promise<string | undefined> {
  const question = stepUp === undefined ? `Do it to ${targets.length} ${targets.length === 1 ? 'miner' : 'miners'}? [y/N] ` : `This cannot easily be taken back. To do it, type "${stepUp.typed}": `;
  const answer = await typedAnswer(question);
  return answer !== undefined && (stepUp === undefined ? /^y(es)?$/i.test(answer) : answer === stepUp.typed) ? answer : undefined;
}

type Target = PlanReply['targets'][number];
const columns: readonly Column<Target>[] = [
  { title: 'MINER', of: ({ miner }) => miner },
  { title: 'WHAT CHANGES', of: ({ changes }) => changes.map(({ field, from, to }) => `${field}: ${from === undefined ? '' : `${from} -> `}${to}`).join('; ') },
  { title: 'WARNING', of: ({ warning = '' }) => warning, paint: () => 'yellow' },
];
const skippedColumns: readonly Column<PlanReply['skipped'][number]>[] = [
  { title: 'LEFT OUT', of: ({ miner }) => miner },
  { title: 'BECAUSE', of: ({ reason }) => reason },
];

export function planText(plan: PlanReply, options: { colour?: boolean } = {}): string {
  const { targets, skipped, rails, effect, expectedSeconds } = plan;
  const signed = (value: number, digits: number, unit: string) => `${value > 0 ? '+' : ''}${value.toFixed(digits)} ${unit}`;
  const effects = [
    ...(effect.hashrate === undefined ? [] : [signed(effect.hashrate / 1e9, 2, 'GH/s')]), ...(effect.powerWatts === undefined ? [] : [signed(effect.powerWatts, 0, 'W')]),
    ...(effect.usdPerDay === undefined ? [] : [signed(effect.usdPerDay, 2, 'USD a day')]),
  ];
  return [
    `plan: ${plan.action} for ${targets.length} ${targets.length === 1 ? 'miner' : 'miners'}, about ${Math.ceil(expectedSeconds)} s${effects.length === 0 ? '' : `; in the end ${effects.join(', ')}`}`,
    ...(targets.length === 0 ? [] : [tableText(targets, columns, options)]),
    ...(skipped.length === 0 ? [] : ['', tableText(skipped, skippedColumns, options)]),
    ...(plan.stepUp === undefined ? [] : ['', `needs a token of scope admin, and "${plan.stepUp.typed}" typed (--typed)`]),
    ...(plan.fourEyes === undefined ? [] : ['', `will wait: ${plan.fourEyes}`]),
    ...(rails.length === 0 ? [] : ['', ...rails.map(({ rail, effect: does, detail }) => `${rail} ${does.replace('_', ' ')}: ${detail}`)]),
    '',
  ].join('\n');
}
