import { type IconName } from '@grafana/data';
import { t } from '@grafana/i18n';
import type { ActionName, AdviceKind, AdviceStatus, Recommendation } from '../../api/types';

/** What still waits for somebody; the rest is history. */
export const isOpen = ({ status }: Recommendation): boolean => status === 'open' || status === 'approved';

/** The action that follows it, or takes it back; undefined where only a person can do something about it. */
export function actionOf({ kind, miner, from, to }: Recommendation, what: 'apply' | 'rollback'): ActionName | undefined {
  if (miner === undefined || from === undefined || to === undefined || kind === 'switcher_conflict') {
    return undefined;
  }
  const [start, target] = what === 'apply' ? [from, to] : [to, from];
  return target === 'sleep' ? 'pause' : start === 'sleep' ? 'resume' : 'preset';
}

/** USD a day that all open advice would bring if every change of it were made; one miner counts once. */
export function gainOf(list: readonly Recommendation[]): number {
  const best = new Map<string, number>();
  for (const one of list) {
    if (isOpen(one) && one.miner !== undefined && one.gainUsdPerDay !== undefined && one.kind !== 'explore' && actionOf(one, 'apply') !== undefined) {
      best.set(one.miner, Math.max(best.get(one.miner) ?? -Infinity, one.gainUsdPerDay));
    }
  }
  return [...best.values()].reduce((sum, gain) => sum + gain, 0);
}

export interface AdviceView {
  show: 'open' | 'history';
  miner?: string;
  kind?: AdviceKind;
}

/** Urgent first, then by gain; history by when it was last touched. */
export function adviceFor(list: readonly Recommendation[], { show, miner, kind }: AdviceView): Recommendation[] {
  const fits = list.filter((one) => isOpen(one) === (show === 'open') && (miner === undefined || one.miner === miner) && (kind === undefined || one.kind === kind));
  const touched = (one: Recommendation): string => one.outcome?.at ?? one.appliedAt ?? one.decidedAt ?? one.createdAt;
  return fits.sort((a, b) =>
    show === 'history' ? touched(b).localeCompare(touched(a)) : Number(b.urgent) - Number(a.urgent) || (b.gainUsdPerDay ?? -Infinity) - (a.gainUsdPerDay ?? -Infinity) || a.createdAt.localeCompare(b.createdAt)
  );
}

export const kindName = (kind: AdviceKind): string =>
  ({
    preset_change: t('advice.kind.preset-change', 'Other preset'),
    sleep: t('advice.kind.sleep', 'Stop'),
    wake: t('advice.kind.wake', 'Start again'),
    thermal_derate: t('advice.kind.thermal', 'Too hot'),
    circuit_rebalance: t('advice.kind.circuit', 'Circuit too full'),
    fan_or_cooling: t('advice.kind.fan', 'Fan or cooling'),
    maintenance: t('advice.kind.maintenance', 'Maintenance'),
    retune: t('advice.kind.retune', 'Tune anew'),
    switcher_conflict: t('advice.kind.switcher', 'Firmware switches back'),
    explore: t('advice.kind.explore', 'Worth a try'),
    data_quality: t('advice.kind.data', 'Cannot be judged'),
    algorithm_price: t('advice.kind.price', 'Another pool pays more'),
  })[kind];

export const kindIcons: Record<AdviceKind, IconName> = {
  preset_change: 'sliders-v-alt', sleep: 'pause', wake: 'play', thermal_derate: 'fire', circuit_rebalance: 'bolt', fan_or_cooling: 'cloud', maintenance: 'wrench', retune: 'sync',
  switcher_conflict: 'exchange-alt', explore: 'compass', data_quality: 'question-circle', algorithm_price: 'info-circle',
};

export const statusName = (status: AdviceStatus): string =>
  ({
    open: t('advice.status.open', 'Open'),
    approved: t('advice.status.approved', 'Approved'),
    rejected: t('advice.status.rejected', 'Rejected'),
    applied: t('advice.status.applied', 'Applied'),
    rolled_back: t('advice.status.rolled-back', 'Taken back'),
    failed: t('advice.status.failed', 'Not done'),
    expired: t('advice.status.expired', 'Expired'),
  })[status];
