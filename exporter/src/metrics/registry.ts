/** The whole /metrics page: fleet, pools and exporter on the slot page; process and event loop by prom-client. */
import { constants, PerformanceObserver, type NodeGCPerformanceDetail } from 'node:perf_hooks';
import type { Control } from '../control/jobs.ts';
import type { AbacusBackend, AbacusFigures } from '../advice/abacus/backend.ts';
import type { Recommendations } from '../advice/recommendations.ts';
import type { Config } from '../config/load.ts';
import type { Chips } from '../fleet/chips.ts';
import { priceAt } from '../analytics/tariff.ts';
import { roundedOrNone } from '../analytics/rounding.ts';
import { workerIndex } from '../analytics/workers.ts';
import type { Earnings } from '../earnings/earnings.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Inventory } from '../fleet/inventory.ts';
import type { Learning } from '../learning/learning.ts';
import type { LogWatch } from '../fleet/log-watch.ts';
import type { PollLoop } from '../fleet/poll-loop.ts';
import type { Pools } from '../fleet/pools.ts';
import { holds, type Shard } from '../fleet/sharding.ts';
import type { Schedules } from '../schedules/schedules.ts';
import type { MismatchCounter } from '../mismatch.ts';
import { catalogue, type Family, type SeriesName } from './catalogue.ts';
import { collectDefaultMetrics, Gauge, Registry } from './client.ts';
import { createPage, labelText, type Emit } from './page.ts';
import { chipSeries, minerBase, minerSeries, poolBase, poolSeries } from './series.ts';
import type { Views } from './view.ts';

/** Exactly what Prometheus 3 asks for; it refuses a page without it. */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/** How the last reading of the configuration went. */
export interface ReloadState {
  readonly success: boolean;
  /** Unix ms of the last success. */
  readonly at: number;
}

export interface MetricsSources {
  readonly config: Config;
  readonly fleet: Fleet;
  readonly pools: Pools;
  readonly views: Views;
  readonly chips: Chips;
  readonly logs: LogWatch;
  readonly loop: PollLoop;
  readonly control: Control;
  readonly schedules: Schedules;
  readonly mismatches: MismatchCounter;
  readonly version: string;
  readonly reloadState: ReloadState;
  readonly inventory: Pick<Inventory, 'counts' | 'duplicates' | 'lastScanAt'>;
  readonly self: Registry;
  readonly shard: Shard;
  readonly earnings: Earnings;
  readonly learning: Learning;
  readonly recommendations: Pick<Recommendations, 'brierScore' | 'feedbackCounts' | 'outcomes'>;
  /** Absent: the back end is not used. */
  readonly abacus?: Pick<AbacusBackend, 'figures'> | undefined;
}

/** prom-client's series of the process and its event loop; one for the life of the process. */
export function createProcessMetrics(): Registry {
  const self = new Registry();
  collectDefaultMetrics({ register: self });
  // Gauges that end in _total: promtool rightly refuses them, and nothing needs them.
  for (const name of ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']) self.removeSingleMetric(name);
  watchLiveHeap(self);
  return self;
}

/** What lives shows only behind a full collection; between two, the heap in use tells mostly of garbage. */
function watchLiveHeap(self: Registry): void {
  let live: Gauge | undefined;
  new PerformanceObserver((list) => {
    const full = list.getEntries().some((entry) => (entry as { detail?: NodeGCPerformanceDetail }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR);
    if (!full) return;
    live ??= new Gauge({ name: 'nodejs_heap_size_live_bytes', help: 'Heap in use when it was last collected in full, in bytes.', registers: [self] });
    live.set(process.memoryUsage().heapUsed);
  }).observe({ entryTypes: ['gc'] });
}

export interface MetricsRegistry {
  /** The page, in `spare` where that fits. */
  render(spare?: Buffer): Promise<Buffer>;
  /** The page of all chips. */
  renderChips(): Buffer;
  readonly seriesCount: number;
}

export function createMetricsRegistry(sources: MetricsSources): MetricsRegistry {
  const { config, fleet, pools, views, chips, logs, loop, control, schedules, mismatches, version, reloadState, inventory, self, shard, earnings, learning, recommendations, abacus } = sources;
  const families = (which: Family['page']) => Object.entries<Family>(catalogue).filter(([, family]) => family.page === which).map(([name, { type, help }]) => ({ name, type, help }));
  const page = createPage(families(undefined));
  const chipPage = createPage(families('chips'));
  const poolContext = { pools, minerOf: workerIndex(config.miners), btcUsd: config.prices.btc_usd, earnings };
  /** Miners whose measurements are on the page. */
  const shown = new Set<string>();

  function put(name: string): void {
    const miner = fleet.get(name);
    if (miner === undefined) return;
    const view = views.of(miner);
    if (view.reading === undefined) shown.delete(name);
    else shown.add(name);
    page.set(`miner ${name}`, minerBase(view), (emit) => minerSeries(view, emit));
  }

  function putPool(pool: ReturnType<Pools['all']>[number]): void {
    page.set(`pool ${pool.config.name}`, poolBase(pool), (emit) => poolSeries(pool, poolContext, emit));
  }

  function putChips(name: string): void {
    const miner = fleet.get(name);
    const readings = chips.of(name);
    if (miner === undefined || readings === undefined || readings.chips.length + readings.sensors.length === 0) chipPage.remove(name);
    else chipPage.set(name, minerBase({ miner }), (emit) => chipSeries(readings, emit));
  }

  chips.onUpdate(putChips);
  logs.onUpdate(put);
  fleet.onUpdate((miner) => put(miner.config.name));
  // Every shard reads the pools, for their prices; one of them shows each.
  const shownPools = () => pools.all().filter(({ config: { name } }) => holds(shard, name));
  pools.onUpdate((pool) => {
    if (holds(shard, pool.config.name)) putPool(pool);
  });
  for (const name of fleet.names) put(name);
  for (const pool of shownPools()) putPool(pool);

  function exporterSeries(plainEmit: Emit): void {
    const emit = (family: SeriesName, labels: string, value: number) => plainEmit(family, labels, value);
    emit('hashfleet_build_info', labelText({ version, node_version: process.version }), 1);
    emit('hashfleet_miners_configured', '', fleet.names.length);
    for (const [origin, count] of Object.entries(inventory.counts)) emit('hashfleet_inventory_miners', labelText({ origin }), count);
    if (inventory.lastScanAt !== undefined) emit('hashfleet_inventory_scan_timestamp_seconds', '', inventory.lastScanAt / 1000);
    emit('hashfleet_inventory_duplicates', '', inventory.duplicates);
    emit('hashfleet_shard_info', labelText({ shard: String(shard.index), shards: String(shard.count) }), 1);
    emit('hashfleet_audit_sequence', '', control.audit.sequence);
    emit('hashfleet_control_enabled', '', Number(control.enabled && !control.readOnly));
    emit('hashfleet_poll_lag_seconds', '', loop.lagSeconds);
    emit('hashfleet_poll_lag_p99_seconds', '', loop.lagP99Seconds);
    emit('hashfleet_polls_in_flight', '', loop.inFlight);
    emit('hashfleet_polls_skipped_total', '', loop.skipped);
    for (const { source, field, count } of mismatches.entries()) emit('hashfleet_schema_mismatches_total', labelText({ source, field }), count);
    for (const { action, outcome, count } of control.outcomes()) emit('hashfleet_actions_total', labelText({ action, outcome }), count);
    for (const { schedule: { name: schedule }, activeSince, limit, failed } of schedules.list()) {
      emit('hashfleet_schedule_active', labelText({ schedule }), Number(activeSince !== undefined));
      if (limit !== undefined) emit('hashfleet_schedule_target_watts', labelText({ schedule }), limit.targetWatts);
      emit('hashfleet_schedule_failed', labelText({ schedule }), failed.length);
    }
    for (const { coin, usd, source, at } of earnings.prices.all()) {
      emit('coin_price_usd', labelText({ coin, source }), usd);
      if (at !== undefined) emit('coin_price_timestamp_seconds', labelText({ coin, source }), at / 1000);
    }
    for (const { source, reason, count } of earnings.prices.failures()) emit('hashfleet_price_failures_total', labelText({ source, reason }), count);
    for (const { name: site } of config.sites) {
      const tariff = earnings.tariffs.ofSite(site);
      if (tariff !== undefined) emit('site_power_price_usd_per_kilowatt_hour', labelText({ site }), priceAt(tariff, Date.now()));
    }
    learningSeries(plainEmit);
    if (abacus !== undefined) abacusSeries(plainEmit, abacus.figures());
    emit('hashfleet_config_reload_success', '', Number(reloadState.success));
    emit('hashfleet_config_last_reload_timestamp_seconds', '', reloadState.at / 1000);
  }

  function abacusSeries(emit: Emit, { requests, fallbacks, rowsSent, waiting, dropped, breakerOpen, predictions }: AbacusFigures): void {
    const seconds = new Map<string, number>();
    for (const { action, outcome, count, seconds: took } of requests.values()) {
      emit('abacus_requests_total', labelText({ action, outcome }), count);
      seconds.set(action, (seconds.get(action) ?? 0) + took);
    }
    for (const [action, took] of seconds) emit('abacus_request_seconds_total', labelText({ action }), took);
    for (const [reason, count] of fallbacks) emit('abacus_fallbacks_total', labelText({ reason }), count);
    emit('abacus_rows_sent_total', '', rowsSent);
    emit('abacus_spool_rows', '', waiting);
    emit('abacus_spool_dropped_rows_total', '', dropped);
    emit('abacus_breaker_open', '', Number(breakerOpen));
    emit('abacus_predictions', '', predictions);
  }

  function learningSeries(emit: Emit): void {
    const { version: model, backend, source } = learning.inForce;
    emit('mlrec_model_info', labelText({ version: source === 'hours' ? 'hours' : model, backend, source }), 1);
    emit('mlrec_rollbacks_total', '', learning.state().rollbacks);
    for (const [feature, psi] of Object.entries(learning.drift())) emit('mlrec_drift_psi', labelText({ feature }), roundedOrNone(psi));
    for (const [type, count] of recommendations.feedbackCounts()) emit('mlrec_feedback_recommendations', labelText({ type }), count);
    const outcomes = recommendations.outcomes();
    emit('mlrec_predicted_delta_usd_per_day', '', roundedOrNone(outcomes?.predictedUsdPerDay ?? Number.NaN));
    emit('mlrec_realised_delta_usd_per_day', '', roundedOrNone(outcomes?.realisedUsdPerDay ?? Number.NaN));
    emit('mlrec_brier_score', labelText({ over: 'outcomes' }), roundedOrNone(recommendations.brierScore() ?? Number.NaN));
    const report = learning.lastBacktest;
    if (report === undefined) return;
    emit('mlrec_brier_score', labelText({ over: 'backtest' }), roundedOrNone(report.brier ?? Number.NaN));
    emit('mlrec_interval_coverage_ratio', '', roundedOrNone(report.accuracy.ratio.coverage ?? Number.NaN));
    for (const [policy, usd] of Object.entries(report.usdPerDay ?? {})) emit('mlrec_backtest_usd_per_day', labelText({ policy }), roundedOrNone(usd));
    for (const [by, accuracy] of Object.entries(report.accuracy)) {
      for (const target of ['hashrate', 'power'] as const) emit('mlrec_model_mape_ratio', labelText({ target, model: by }), roundedOrNone(accuracy[target] ?? Number.NaN));
    }
  }

  return {
    async render(spare) {
      // A reading grows stale without anything happening: only a look at the clock tells.
      for (const name of [...shown]) {
        const miner = fleet.get(name);
        if (miner !== undefined && !fleet.isFresh(miner)) put(name);
      }
      for (const pool of shownPools()) if (pool.reading !== undefined && pools.fresh(pool) === undefined) putPool(pool);
      page.set('exporter', '', exporterSeries);
      const own = Buffer.from(await self.metrics());
      return page.render(spare, own);
    },
    renderChips() {
      for (const name of fleet.names) if (chips.of(name) === undefined) chipPage.remove(name);
      return chipPage.render();
    },
    get seriesCount() {
      return page.seriesCount;
    },
  };
}
