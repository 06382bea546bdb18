import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { controlClient } from '../api/controlClient';
import type { EarningsGroup, Job } from '../api/types';

export const queryKeys = {
  health: ['health'],
  rigs: ['rigs'],
  telemetry: (miner: string) => ['telemetry', miner],
  presets: (miner: string) => ['presets', miner],
  jobs: ['jobs'],
  job: (id: string) => ['job', id],
  audit: ['audit'],
  advice: ['advice'],
  approvals: ['approvals'],
  schedules: ['schedules'],
  earnings: (by: string, group: string) => ['earnings', by, group],
  /** What is read of one miner, by its part: health, curve, settings, notes. */
  ofMiner: (miner: string, part: string) => ['miner', miner, part],
  log: (miner: string, type: string) => ['miner', miner, 'log', type],
  events: ['events'],
  drift: ['drift'],
  pools: ['pools'],
  wholeAudit: (miner: string | undefined) => ['audit', 'whole', miner ?? ''],
} as const;

/** How often each page asks anew, in ms. Jobs are watched closely only while they run. */
export const refreshEvery = { rigs: 5000, telemetry: 5000, health: 15_000, jobs: 5000, audit: 10_000, advice: 10_000, approvals: 10_000, schedules: 10_000, earnings: 30_000, minerHealth: 15_000, curve: 60_000, log: 5000, events: 10_000, drift: 15_000, pools: 15_000, runningJob: 1000 } as const;

const auditEntriesShown = 50;

export const useHealth = () => useQuery({ queryKey: queryKeys.health, queryFn: controlClient.health, refetchInterval: refreshEvery.health });

export const useRigs = () => useQuery({ queryKey: queryKeys.rigs, queryFn: controlClient.rigs, refetchInterval: refreshEvery.rigs });

export const useTelemetry = (miner: string) =>
  useQuery({ queryKey: queryKeys.telemetry(miner), queryFn: () => controlClient.telemetry(miner), refetchInterval: refreshEvery.telemetry });

export const useJobs = () => useQuery({ queryKey: queryKeys.jobs, queryFn: controlClient.jobs, refetchInterval: refreshEvery.jobs });

export const isOver = (job: Job | undefined): boolean => job !== undefined && job.state !== 'running';

export const useJob = (id: string) =>
  useQuery({
    queryKey: queryKeys.job(id),
    queryFn: () => controlClient.job(id),
    refetchInterval: (query) => (isOver(query.state.data) ? false : refreshEvery.runningJob),
  });

export const useAdvice = () => useQuery({ queryKey: queryKeys.advice, queryFn: controlClient.advice, refetchInterval: refreshEvery.advice });

export const useApprovals = () => useQuery({ queryKey: queryKeys.approvals, queryFn: controlClient.approvals, refetchInterval: refreshEvery.approvals });

/** The API gives at most so many at once, the newest. */
export const auditEntriesKept = 1000;

export const useWholeAudit = (miner: string | undefined) =>
  useQuery({ queryKey: queryKeys.wholeAudit(miner), queryFn: () => controlClient.audit(auditEntriesKept, miner), refetchInterval: refreshEvery.audit, placeholderData: keepPreviousData });

export const useEarnings = (by: 'day' | 'month' | 'all', group: EarningsGroup) =>
  useQuery({ queryKey: queryKeys.earnings(by, group), queryFn: () => controlClient.earnings(by, group), refetchInterval: refreshEvery.earnings, placeholderData: keepPreviousData });

export const useAudit = () =>
  useQuery({ queryKey: queryKeys.audit, queryFn: () => controlClient.audit(auditEntriesShown), refetchInterval: refreshEvery.audit });

export const useMinerHealth = (miner: string) =>
  useQuery({ queryKey: queryKeys.ofMiner(miner, 'health'), queryFn: () => controlClient.minerHealth(miner), refetchInterval: refreshEvery.minerHealth });

export const useCurve = (miner: string) => useQuery({ queryKey: queryKeys.ofMiner(miner, 'curve'), queryFn: () => controlClient.curve(miner), refetchInterval: refreshEvery.curve });

/** Read from the miner itself: not anew by the clock. */
export const useSettings = (miner: string) => useQuery({ queryKey: queryKeys.ofMiner(miner, 'settings'), queryFn: () => controlClient.settings(miner) });

export const useNotes = (miner: string) => useQuery({ queryKey: queryKeys.ofMiner(miner, 'notes'), queryFn: () => controlClient.notes(miner) });

export const useLog = (miner: string, type: string, follow: boolean) =>
  useQuery({ queryKey: queryKeys.log(miner, type), queryFn: () => controlClient.logs(miner, type), refetchInterval: follow ? refreshEvery.log : false, placeholderData: keepPreviousData });

export const useEvents = () => useQuery({ queryKey: queryKeys.events, queryFn: controlClient.events, refetchInterval: refreshEvery.events });

export const useDrift = () => useQuery({ queryKey: queryKeys.drift, queryFn: controlClient.drift, refetchInterval: refreshEvery.drift });

export const usePools = () => useQuery({ queryKey: queryKeys.pools, queryFn: controlClient.pools, refetchInterval: refreshEvery.pools });

export const useSchedules = () => useQuery({ queryKey: queryKeys.schedules, queryFn: controlClient.schedules, refetchInterval: refreshEvery.schedules });
