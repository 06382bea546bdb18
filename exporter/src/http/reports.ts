/** The report that a caller of the API asks for; Prometheus is read where fleet.yaml says where it is. */
import { localDay } from '../analytics/tariff.ts';
import { daysBetween, readMeasured } from '../earnings/measured.ts';
import { askPrometheus } from '../earnings/prometheus.ts';
import { makeReport, reportPeriods, reportRange, type Report, type ReportOptions } from '../earnings/report.ts';
import { HashfleetError } from '../errors.ts';
import type { ApiContext } from './routes.ts';

/** Miners times days of one report: about a second of work, in which nothing is polled. The command has a process of its own. */
const mostMinerDays = 20_000;

export interface ReportWish { readonly period: string; readonly from?: string | undefined; readonly to?: string | undefined; readonly site?: string | undefined; readonly without_prometheus: 'true' | 'false' }

/** @throws HashfleetError payload_invalid, prometheus_unreachable */
export async function reportOf({ config, fleet, earnings }: Pick<ApiContext, 'config' | 'fleet' | 'earnings'>, { period: given, from, to, site, without_prometheus: without }: ReportWish): Promise<Report> {
  const period = reportPeriods.find((one) => one === given);
  if (period === undefined) throw new HashfleetError('payload_invalid', `period: there is no report by "${given}".`, { field: 'period', given, allowed: reportPeriods.join(', ') });
  const sites = config.sites.map(({ name, timezone }) => ({ name, zone: timezone }));
  if (site !== undefined && !sites.some(({ name }) => name === site)) throw new HashfleetError('payload_invalid', `site: there is no site "${site}".`, { field: 'site', given: site, allowed: sites.map(({ name }) => name).join(', ') });
  const now = Date.now();
  const range = reportRange({ period, from, to, today: localDay(sites.find(({ name }) => name === site)?.zone ?? earnings.zone, now) });
  const miners = [...fleet.all()].map(({ config: { name, site: at } }) => ({ name, site: at }));
  const minerDays = miners.filter((miner) => site === undefined || miner.site === site).length * daysBetween(range.from, range.to).length;
  if (minerDays > mostMinerDays) {
    throw new HashfleetError('payload_invalid', `from: ${range.from} to ${range.to} are ${minerDays} days of miners; the API makes reports of ${mostMinerDays} at most. Ask for fewer days or one site, or use "hashfleet report".`, { field: 'from', given: range.from, allowed: `${mostMinerDays} days of miners` });
  }
  const measured = async (): Promise<ReportOptions['measured']> => {
    if (without === 'true') return { notAsked: 'Prometheus was not asked (without_prometheus)' };
    if (config.prometheus === undefined) return { notAsked: 'fleet.yaml does not say where Prometheus is (prometheus.url)' };
    const client = askPrometheus(config.prometheus.url, 'Check prometheus.url in fleet.yaml, or ask with without_prometheus=true for the ledger alone.');
    return { from: client.address, values: await readMeasured(client, { ...range, sites, only: site, now }) };
  };
  return makeReport({
    ...range, period, site, sites, miners, pools: config.pools.map(({ name }) => name),
    ledger: earnings.ledger, measured: await measured(), now,
  });
}
