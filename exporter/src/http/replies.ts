/** From views and jobs to the shapes of the API. */
import { formatCoins } from '../analytics/coins.ts';
import type { Money } from '../analytics/money.ts';
import { residualSignals } from '../analytics/residuals.ts';
import { rounded, roundedOrNone } from '../analytics/rounding.ts';
import { priceAt } from '../analytics/tariff.ts';
import { defined } from '../defined.ts';
import type { Earnings } from '../earnings/earnings.ts';
import type { BookedEntry } from '../earnings/ledger.ts';
import { earningsRows, moneySum, type Grouping, type Period } from '../earnings/summary.ts';
import type { z } from 'zod';
import { shownParameters } from '../control/care-actions.ts';
import type { Approval as StoredApproval } from '../control/approvals.ts';
import type { AuditEntry as StoredAuditEntry } from '../control/audit.ts';
import type { Job as StoredJob } from '../control/jobs.ts';
import type { Plan as MadePlan } from '../control/plan.ts';
import { revertOf } from '../control/revert.ts';
import type { Drifted } from '../fleet/drift.ts';
import type { FleetEvent } from '../fleet/fleet.ts';
import type { StatedIntent } from '../fleet/intent.ts';
import type { MinerLogEvent } from '../fleet/log-watch.ts';
import type { Pool, Pools } from '../fleet/pools.ts';
import type { History, HistoryWindow } from '../miners/history.ts';
import type { LogLine } from '../miners/log-line.ts';
import type { MinMax } from '../miners/reading.ts';
import { poolPrice } from '../metrics/series.ts';
import type { MinerView } from '../metrics/view.ts';
import { poolRemedies } from '../pools/pool.ts';
import type * as schemas from './schemas.ts';

type Reply<T extends z.ZodType> = z.output<T>;


const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

function maxima(pcb: MinMax | undefined, chip: MinMax | undefined): { pcbMax?: number; chipMax?: number } {
  return defined({ pcbMax: pcb?.max, chipMax: chip?.max });
}

function statementReply({ intent, author, reason, until }: StatedIntent): Reply<typeof schemas.Rig>['intentStatement'] {
  return intent === 'mine' ? undefined : defined({ author, reason, until: iso(until) });
}

function healthReply(health: MinerView['health']): Reply<typeof schemas.HealthSummary> | undefined {
  if (health === undefined) return undefined;
  const { finding, evidence, hours } = health;
  return defined<Reply<typeof schemas.HealthSummary>>({
    score: rounded(health.score), anomaly: rounded(health.anomaly), part: finding?.part, text: finding?.text, since: iso(finding?.since), evidence: evidence.map((one) => ({ ...one })), at: new Date(health.at).toISOString(), hours,
  });
}

export function rigHealthReply({ miner, health }: MinerView): Reply<typeof schemas.RigHealth> {
  return defined<Reply<typeof schemas.RigHealth>>({
    miner: miner.config.name, health: healthReply(health),
    residuals: residualSignals.flatMap((signal) => (health?.residuals[signal] === undefined ? [] : [{ signal, ...health.residuals[signal] }])),
  });
}

export function rigReply(view: MinerView, activeJob: string | undefined): Reply<typeof schemas.Rig> {
  const { miner, reading, money } = view;
  const identity = miner.reading?.identity;
  const { config } = miner;
  return defined<Reply<typeof schemas.Rig>>({
    name: config.name, site: config.site, rack: config.rack, circuit: config.circuit, model: miner.model, address: config.address,
    configuredAddress: config.configuredAddress, origin: config.origin,
    mac: identity?.mac,
    firmware: identity?.firmware === undefined || identity.firmwareVersion === undefined ? undefined : defined({
      name: identity.firmware, version: identity.firmwareVersion, build: identity.build, known: miner.reading?.firmwareSupport?.known, assumed: miner.reading?.firmwareSupport?.assumed,
    }),
    warranty: miner.reading?.warranty,
    algorithm: identity?.algorithm,
    up: miner.lastSuccessAt !== undefined && miner.failure === undefined,
    stale: reading === undefined,
    reason: miner.failure?.reason, reasonDetail: miner.failure?.detail,
    source: reading?.source,
    lastPollAt: iso(miner.lastPollAt), lastSuccessAt: iso(miner.lastSuccessAt),
    state: reading?.state, stateSeconds: reading?.stateSeconds, failure: reading?.failure, intent: miner.intent, intentStatement: statementReply(miner.stated), phase: view.phase,
    preset: reading?.preset === undefined ? undefined : defined({ name: reading.preset.name, tuned: reading.preset.tuned, powerWatts: reading.preset.powerWatts, hashrate: reading.preset.hashrate }),
    health: healthReply(view.health),
    hashrate: reading?.hashrate, hashrateAverage: reading?.hashrateAverage, hashrateRatio: view.ratio,
    powerWatts: reading?.powerWatts, efficiencyJoulesPerMegahash: view.efficiency,
    temperature: maxima(reading?.pcb, reading?.chip),
    boards: reading === undefined || view.boards.length === 0 ? undefined : { up: view.boards.filter(({ up }) => up).length, expected: view.boards.length },
    fans: reading === undefined || reading.fans.length === 0 ? undefined : { up: reading.fans.filter(({ up }) => up !== false).length, total: reading.fans.length },
    money: defined<Reply<typeof schemas.Rig>['money']>({
      revenueUsdPerDay: money.revenueUsdPerDay, basis: money.basis, powerCostUsdPerDay: money.powerCostUsdPerDay, profitUsdPerDay: money.profitUsdPerDay, marginRatio: money.marginRatio,
      breakevenUsdPerKilowattHour: money.breakevenUsdPerKilowattHour, profitUsdPerKilowattDay: money.profitUsdPerKilowattDay,
      revenues: view.revenues.length === 0 ? undefined : view.revenues.map(({ basis, usdPerDay, lacks, asOf, pool }) => defined({
        basis, usdPerDay: usdPerDay === undefined ? undefined : roundedOrNone(usdPerDay), complete: lacks.length === 0 && usdPerDay !== undefined, lacks: [...lacks], asOf: iso(asOf), pool,
      })),
      earned: view.earned.size === 0 ? undefined : [...view.earned].map(([coin, amount]) => ({ coin, amount: formatCoins(amount) })),
      powerCostUsd: view.powerCostUsd,
    }),
    locateOn: reading?.locateOn,
    activePool: reading?.pools.find((pool) => pool.kind === 'user' && pool.status === 'active')?.url,
    activeJob,
  });
}

export function boardsReply(view: MinerView): Reply<typeof schemas.Board>[] {
  return view.boards.map(({ board, up, reading }) => defined<Reply<typeof schemas.Board>>({
    board, up,
    state: reading === undefined ? 'missing' : reading.state,
    detail: reading?.detail,
    hashrate: reading?.hashrate, hashrateNominal: reading?.hashrateNominal, deviationRatio: view.deviations.get(board),
    frequencyHertz: reading?.frequencyHertz, voltageVolts: reading?.voltageVolts, powerWatts: reading?.powerWatts,
    temperature: maxima(reading?.pcb, reading?.chip),
    chips: reading?.chips, hardwareErrors: reading?.hardwareErrors,
  }));
}

export function telemetryReply(view: MinerView, activeJob: string | undefined): Reply<typeof schemas.Telemetry> {
  const { reading } = view;
  return defined<Reply<typeof schemas.Telemetry>>({
    rig: rigReply(view, activeJob),
    boards: boardsReply(view),
    fans: (reading?.fans ?? []).map(({ fan, up, speedRpm }) => defined<Reply<typeof schemas.Fan>>({ fan, up: up !== false, speedRpm })),
    pools: (reading?.pools ?? []).map(({ slot, url, user, status, accepted, rejected, stale, pingSeconds }) => defined({ slot, url, user, status, accepted, rejected, stale, pingSeconds })),
    uptimeSeconds: reading?.uptimeSeconds,
    source: reading?.source,
    fallback: reading?.fallback,
    readAt: iso(reading?.at),
  });
}

export function presetsReply(view: MinerView, moneyOf: ReadonlyMap<string, Money>): Reply<typeof schemas.Presets> {
  const current = view.miner.reading?.preset?.name;
  return defined<Reply<typeof schemas.Presets>>({
    miner: view.miner.config.name,
    presets: (view.miner.presets ?? []).map(({ name, label, tuned, needsModifiedPsu, powerWatts, hashrate }) => defined<Reply<typeof schemas.Preset>>({ name, label, tuned, current: name === current, needsModifiedPsu, powerWatts, hashrate, money: moneyOf.get(name) })),
    readAt: iso(view.miner.lastSuccessAt),
  });
}

export function historyReply(miner: string, { from, to, stepSeconds }: HistoryWindow, { points, annotations, clockAheadSeconds }: History): Reply<typeof schemas.History> {
  return defined<Reply<typeof schemas.History>>({
    miner, from: new Date(from).toISOString(), to: new Date(to).toISOString(), stepSeconds, source: 'miner', clockAheadSeconds,
    points: points.map(({ at, hashrate, powerWatts, pcbMax, chipMax, fanDutyRatio }) => defined<Reply<typeof schemas.History>['points'][number]>({
      at: new Date(at).toISOString(), hashrate, powerWatts, temperature: defined({ pcbMax, chipMax }), fanDutyRatio,
    })),
    annotations: annotations.map(({ at, kind, board }) => defined<Reply<typeof schemas.History>['annotations'][number]>({ at: new Date(at).toISOString(), kind, board })),
  });
}

export function eventsReply(changes: readonly FleetEvent[], logged: readonly MinerLogEvent[]): Reply<typeof schemas.Events> {
  const all = [
    ...changes.map(({ miner, at, kind, from, to }) => ({ at, event: { miner, at: new Date(at).toISOString(), kind, from, to } })),
    ...logged.map(({ miner, at, ...line }) => ({ at, event: { miner, at: new Date(at).toISOString(), kind: 'log' as const, ...line } })),
  ];
  return { events: all.sort((a, b) => b.at - a.at).map(({ event }) => event) };
}

export function logsReply(miner: string, type: string, lines: readonly LogLine[]): Reply<typeof schemas.Logs> {
  return { miner, type, lines: lines.map(({ at, ...line }) => ({ ...(at === undefined ? {} : { at: new Date(at).toISOString() }), ...line })) };
}

export function planReply(plan: MadePlan, confirmation: { token: string; expiresAt: number } | undefined): Reply<typeof schemas.Plan> {
  return {
    action: plan.action,
    targets: plan.targets.map(({ miner, changes, warning }) => ({ miner, changes: [...changes], ...(warning === undefined ? {} : { warning }) })),
    skipped: [...plan.skipped], effect: plan.effect, circuits: [...plan.circuits], expectedSeconds: plan.expectedSeconds, rails: [...plan.rails], ...(plan.override === undefined ? {} : { override: plan.override }),
    ...(plan.stepUp === undefined ? {} : { stepUp: plan.stepUp }), ...(plan.fourEyes === undefined ? {} : { fourEyes: plan.fourEyes }),
    confirmation: confirmation === undefined ? { required: plan.needsConfirmation } : { required: true, token: confirmation.token, expiresAt: new Date(confirmation.expiresAt).toISOString() },
  };
}

/** Parameters as people may see them. */
function withoutPasswords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPasswords);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !/password|secret/i.test(key)).map(([key, one]) => [key, withoutPasswords(one)]));
}

export function approvalReply({ id, state, order, actor, token, reason, requestedAt, expiresAt, plan, fingerprint, confirmed, answeredBy, answeredAt, answer, job }: StoredApproval): Reply<typeof schemas.Approval> {
  return defined<Reply<typeof schemas.Approval>>({
    id, state, action: order.action, parameters: withoutPasswords(order.parameters) as Record<string, unknown>, actor, token, reason,
    requestedAt: new Date(requestedAt).toISOString(), expiresAt: new Date(expiresAt).toISOString(), plan: planReply(plan, undefined), fingerprint, confirmed,
    answeredBy, answeredAt: iso(answeredAt), answer, job,
  });
}

export function driftReply(drifted: readonly Drifted[]): Reply<typeof schemas.Drift> {
  return {
    drift: drifted.map((one) => {
      const { miner, what, section, from, to, since } = one;
      const { remedy, order } = revertOf(one);
      return defined<Reply<typeof schemas.Drift>['drift'][number]>({ miner, what, section, from, to, since: new Date(since).toISOString(), remedy, order: order === undefined ? undefined : { ...order, miners: [...order.miners] } });
    }),
  };
}

export function jobReply(job: StoredJob): Reply<typeof schemas.Job> {
  return defined<Reply<typeof schemas.Job>>({
    id: job.id, action: job.action, parameters: { ...shownParameters(job.parameters) }, actor: job.actor, state: job.state,
    createdAt: new Date(job.createdAt).toISOString(), finishedAt: iso(job.finishedAt),
    targets: job.targets.map(jobTargetReply),
    override: job.override,
  });
}

export function jobTargetReply({ miner, state, detail, startedAt, finishedAt, before, changed, rollBackTo }: StoredJob['targets'][number]): Reply<typeof schemas.Job>['targets'][number] {
  return defined<Reply<typeof schemas.Job>['targets'][number]>({ miner, state, detail, startedAt: iso(startedAt), finishedAt: iso(finishedAt), backup: before?.backup, changed: changed === undefined ? undefined : [...changed], rollBackTo });
}

export function auditReply(entries: readonly StoredAuditEntry[]): Reply<typeof schemas.Audit> {
  return { entries: entries.map(({ before, after, ...entry }) => ({ ...entry, ...(before === undefined ? {} : { before: { ...before } }), ...(after === undefined ? {} : { after: { ...after } }) })) };
}

export function poolReply(pool: Pool, { pools, minerOf }: { pools: Pools; minerOf: (worker: string) => string | undefined }, btcUsd: number | undefined): Reply<typeof schemas.PoolStatus> {
  const reading = pools.fresh(pool);
  const timed = <T extends { readonly at: number }>(list: readonly T[] | undefined) => list?.map(({ at, ...rest }) => ({ ...rest, at: new Date(at).toISOString() }));
  const listed = <T>(list: readonly T[] | undefined) => (list === undefined ? undefined : [...list]);
  const failure = pool.failure ?? (pool.lastSuccessAt !== undefined && reading === undefined ? { reason: 'stale', detail: 'the last reading is too old to count' } as const : undefined);
  return defined<Reply<typeof schemas.PoolStatus>>({
    pool: pool.config.name, type: pool.config.type,
    up: pool.failure === undefined && pool.lastSuccessAt !== undefined,
    ...failureReply(failure),
    push: pool.push === undefined ? undefined : { up: pool.push.up, ...failureReply(pool.push.failure) },
    lastSuccessAt: iso(pool.lastSuccessAt), asOf: iso(reading?.asOf),
    capabilities: [...pool.adapter.capabilities],
    workers: (reading?.workers ?? []).map(({ worker, lastShareAt, shares, earned, ...rest }) => defined({
      worker, miner: minerOf(worker), ...rest, lastShareAt: iso(lastShareAt), shares: shares === undefined ? undefined : { ...shares }, earned: listed(earned),
    })),
    balances: [...(reading?.balances ?? [])], earned: listed(reading?.earned), paid: listed(reading?.paid), expectedDay: listed(reading?.expectedDay),
    payouts: timed(reading?.payouts), prices: listed(reading?.prices), network: listed(reading?.network), blocks: timed(reading?.blocks),
    hashrate: reading?.hashrate, priceUsdPerMegahashDay: reading === undefined ? undefined : poolPrice(reading, btcUsd),
    fees: { ...reading?.fees },
  });
}

function failureReply(failure: Pool['failure']): { reason?: string; detail?: string; remedy?: string } {
  return failure === undefined ? {} : { reason: failure.reason, detail: failure.detail, remedy: poolRemedies[failure.reason] };
}

/** Sums of the books, and what the miners make now. */
export function earningsReply(earnings: Earnings, views: readonly MinerView[], { from, to, group, by, only }: { from: string; to: string; group: Grouping; by: Period; only: Readonly<Partial<Record<'miner' | 'site' | 'pool', string | undefined>>> }): Reply<typeof schemas.Earnings> {
  const { ledger, prices, tariffs, zone } = earnings;
  const fits = (row: { miner?: string; site?: string; pool: string }) => (['miner', 'site', 'pool'] as const).every((field) => only[field] === undefined || row[field] === only[field]);
  const figures = views.map(({ miner: { config: { name, site } }, money }) => ({ name, site, money }));
  return {
    from, to, zone, basis: 'pool_ledger',
    rows: earningsRows((ledger?.days(from, to) ?? []).filter(fits), { group, by }).map(({ coins, lacks, ...row }) => ({ ...row, coins: coins.map((coin) => ({ ...coin })), lacks: [...lacks] })),
    pools: (ledger?.pools ?? []).flatMap((pool) => {
      const book = ledger?.pool(pool);
      return book === undefined ? [] : [{
        pool, openedAt: new Date(book.openedAt).toISOString(), readAt: new Date(book.at).toISOString(),
        coins: [...book.earned].map(([coin, earned]) => {
          const balance = book.accounts.get(coin)?.balance;
          return defined({ coin, earned: formatCoins(earned), unknownWorkers: formatCoins(book.unknown.get(coin) ?? 0n), balance: balance === undefined ? undefined : formatCoins(balance) });
        }),
      }];
    }),
    prices: prices.all().map(({ at, ...price }) => defined({ ...price, at: iso(at) })),
    now: {
      fleet: sumReply(figures),
      sites: [...new Set(figures.map(({ site }) => site))].sort().map((site) => {
        const tariff = tariffs.ofSite(site);
        return defined({ site, ...sumReply(figures.filter((one) => one.site === site)), powerPriceUsdPerKilowattHour: tariff === undefined ? undefined : priceAt(tariff, Date.now()) });
      }),
    },
  };
}

function sumReply(figures: Parameters<typeof moneySum>[0]): Reply<typeof schemas.Earnings>['now']['fleet'] {
  const { lacks, ...sum } = moneySum(figures);
  return { ...sum, lacks: [...lacks] };
}

export function ledgerReply(entries: readonly BookedEntry[], limit: number): Reply<typeof schemas.LedgerEntries> {
  const last = entries.at(-1);
  return defined<Reply<typeof schemas.LedgerEntries>>({
    entries: entries.map(({ at, from, amount, ...entry }) => ({ ...entry, amount: formatCoins(amount), from: new Date(from).toISOString(), to: new Date(at).toISOString() })),
    before: entries.length < limit ? undefined : last?.n,
  });
}
