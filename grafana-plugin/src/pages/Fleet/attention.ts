import { t } from '@grafana/i18n';
import type { Recommendation, Rig } from '../../api/types';
import { readingFailure } from '../../components/minerCondition';
import { adviceUrl, alertsUrl, controlUrl, minerUrl } from '../../constants';
import { formatMoney, formatRatio, formatTemperature } from '../../data/format';
import { limits } from '../../scenes/parts';
import { minersOf, titleOfCause, type Cause } from '../Alerts/causes';

/** In the order of what cannot wait. */
export const attentionKinds = ['unreachable', 'failure', 'hot', 'board', 'fan', 'stopped', 'slow', 'part', 'loss', 'stale', 'alert', 'approval', 'advice'] as const;
export type AttentionKind = (typeof attentionKinds)[number];

export interface AttentionItem {
  kind: AttentionKind;
  tone: 'error' | 'warning' | 'info';
  /** Empty for what is about the fleet. */
  miners: string[];
  /** What, in a few words; names the miner or the place. */
  title: string;
  detail?: string;
  /** Income that is not earned because of it, by what the others earn for the same work; absent where nothing tells. */
  lostUsdPerDay?: number;
  href: string;
}

interface Known {
  rigs: readonly Rig[];
  advice?: readonly Recommendation[];
  /** Active alerts by their cause. */
  causes?: readonly Cause[];
  /** How many actions wait for a second person. */
  waiting?: number;
}

interface Finding {
  kind: AttentionKind;
  tone: AttentionItem['tone'];
  rig: Rig;
  detail?: string;
}

/** What needs somebody, the gravest first and among equals the dearest; each miner once, by its gravest trouble. Miners that are meant to stand still are left out. */
export function attention({ rigs, advice = [], causes = [], waiting = 0 }: Known): AttentionItem[] {
  const lost = lostIncome(rigs);
  const found = rigs.filter((rig) => rig.intent === 'mine').flatMap((rig) => findingOf(rig) ?? []);
  const items = [...unreachable(rigs, found), ...found.filter(({ kind }) => kind !== 'unreachable').map(itemOf)];
  const priced = items.map((item): AttentionItem => {
    const sum = item.miners.reduce((total, miner) => total + (lost.get(miner) ?? 0), 0);
    return sum >= 0.005 ? { ...item, lostUsdPerDay: sum } : item;
  });
  const named = new Set(priced.flatMap(({ miners }) => miners));
  return [...priced, ...alertsBeyond(causes, named), ...approvals(waiting), ...openAdvice(advice)].sort(
    (a, b) => rank(a) - rank(b) || (b.lostUsdPerDay ?? 0) - (a.lostUsdPerDay ?? 0) || (a.miners[0] ?? '').localeCompare(b.miners[0] ?? '', undefined, { numeric: true })
  );
}

const tones = ['error', 'warning', 'info'] as const;
const rank = ({ tone, kind }: AttentionItem): number => tones.indexOf(tone) * attentionKinds.length + attentionKinds.indexOf(kind);

function findingOf(rig: Rig): Finding | undefined {
  const { chipMax } = rig.temperature;
  const profit = rig.money.profitUsdPerDay;
  if (!rig.up) {
    return { kind: 'unreachable', tone: 'error', rig, detail: readingFailure(rig) };
  }
  if (rig.state === 'failure') {
    return { kind: 'failure', tone: 'error', rig, detail: rig.failure?.description };
  }
  if (rig.stale) {
    return { kind: 'stale', tone: 'warning', rig, detail: readingFailure(rig) };
  }
  if (chipMax !== undefined && chipMax >= limits.chipCelsius.bad) {
    return { kind: 'hot', tone: 'error', rig, detail: t('attention.hot-detail', 'Chips at {{temperature}}', { temperature: formatTemperature(chipMax) }) };
  }
  if (rig.boards !== undefined && rig.boards.up < rig.boards.expected && rig.state === 'mining') {
    return { kind: 'board', tone: 'error', rig, detail: t('attention.board-detail', '{{up}} of {{expected}} boards work', rig.boards) };
  }
  if (rig.fans !== undefined && rig.fans.up < rig.fans.total && rig.state === 'mining') {
    return { kind: 'fan', tone: 'error', rig, detail: t('attention.fan-detail', '{{up}} of {{total}} fans turn', rig.fans) };
  }
  if (rig.state === 'stopped') {
    return { kind: 'stopped', tone: 'warning', rig, detail: t('attention.stopped-detail', 'It is meant to mine') };
  }
  if (rig.phase === 'steady' && rig.hashrateRatio !== undefined && rig.hashrateRatio < limits.hashrateRatio.good) {
    const grave = rig.hashrateRatio < limits.hashrateRatio.warning;
    return { kind: 'slow', tone: grave ? 'error' : 'warning', rig, detail: t('attention.slow-detail', '{{ratio}} of what its preset promises', { ratio: formatRatio(rig.hashrateRatio) }) };
  }
  if (rig.health?.text !== undefined) {
    return { kind: 'part', tone: 'warning', rig, detail: rig.health.text };
  }
  if (rig.phase === 'steady' && profit !== undefined && profit < 0) {
    return { kind: 'loss', tone: 'warning', rig, detail: t('attention.loss-detail', '{{profit}} a day after power', { profit: formatMoney(profit), interpolation: { escapeValue: false } }) };
  }
  return undefined;
}

const itemOf = ({ kind, tone, rig, detail }: Finding): AttentionItem => ({ kind, tone, miners: [rig.name], title: titleOf(kind, rig.name), ...(detail ? { detail } : {}), href: minerUrl(rig.name) });

const titleOf = (kind: AttentionKind, name: string): string =>
  ({
    unreachable: t('attention.unreachable', '{{name}} does not answer', { name }),
    failure: t('attention.failure', '{{name}} has failed', { name }),
    hot: t('attention.hot', '{{name}} is too hot', { name }),
    board: t('attention.board', '{{name}} has lost a board', { name }),
    fan: t('attention.fan', '{{name}} has lost a fan', { name }),
    stopped: t('attention.stopped', '{{name}} stands still', { name }),
    slow: t('attention.slow', '{{name}} is slow', { name }),
    part: t('attention.part', '{{name}} is not as it was', { name }),
    loss: t('attention.loss', '{{name}} costs more than it earns', { name }),
    stale: t('attention.stale', '{{name}} has no new reading', { name }),
    alert: '',
    approval: '',
    advice: '',
  })[kind];

type Place = 'circuit' | 'rack' | 'site';
const places: readonly Place[] = ['circuit', 'rack', 'site'];

/** Several miners that went together have one cause: the smallest place of which not one answers. */
function unreachable(rigs: readonly Rig[], found: readonly Finding[]): AttentionItem[] {
  const open = new Map(found.filter(({ kind }) => kind === 'unreachable').map((finding) => [finding.rig.name, finding]));
  const items: AttentionItem[] = [];
  // The largest place first: a dead site is one cause, not one for each of its circuits.
  for (const place of [...places].reverse()) {
    const members = new Map<string, Rig[]>();
    for (const rig of rigs) {
      const name = rig[place];
      if (name !== undefined) {
        members.set(name, [...(members.get(name) ?? []), rig]);
      }
    }
    for (const [name, all] of members) {
      const gone = all.filter((rig) => open.has(rig.name));
      if (gone.length < 2 || all.some((rig) => rig.up)) {
        continue;
      }
      gone.forEach((rig) => open.delete(rig.name));
      items.push({
        kind: 'unreachable', tone: 'error', miners: gone.map((rig) => rig.name), title: placeTitle(place, name),
        detail: t('attention.place-detail', 'None of its {{count}} miners answers: look at its power and network first', { count: gone.length }),
        href: controlUrl(gone[0].name),
      });
    }
  }
  return [...items, ...[...open.values()].map(itemOf)];
}

const placeTitle = (place: Place, name: string): string =>
  ({
    circuit: t('attention.circuit', 'Circuit {{name}} is dark', { name }),
    rack: t('attention.rack', 'Rack {{name}} is dark', { name }),
    site: t('attention.site', 'Site {{name}} is dark', { name }),
  })[place];

/** Alerts tell of what readings do not show; of a miner that is named already they would be the same twice. */
const alertsBeyond = (causes: readonly Cause[], named: ReadonlySet<string>): AttentionItem[] =>
  causes
    .filter((cause) => cause.severity !== 'info' && (minersOf(cause).length === 0 || minersOf(cause).some((miner) => !named.has(miner))))
    .map((cause) => ({
      kind: 'alert', tone: cause.severity === 'critical' ? 'error' : 'warning', miners: minersOf(cause), title: titleOfCause(cause),
      ...(cause.site === undefined ? {} : { detail: cause.site }), href: alertsUrl(cause.name),
    }));

const approvals = (waiting: number): AttentionItem[] =>
  waiting === 0 ? [] : [{ kind: 'approval', tone: 'info', miners: [], title: t('attention.approvals', 'Actions that wait for a second person: {{waiting}}', { waiting }), href: controlUrl() }];

function openAdvice(advice: readonly Recommendation[]): AttentionItem[] {
  const open = advice.filter(({ status }) => status === 'open');
  if (open.length === 0) {
    return [];
  }
  const gain = open.reduce((sum, { gainUsdPerDay = 0 }) => sum + Math.max(0, gainUsdPerDay), 0);
  const urgent = open.some((one) => one.urgent);
  return [
    {
      kind: 'advice', tone: urgent ? 'warning' : 'info', miners: [], title: t('attention.advice', 'Open advice: {{number}}', { number: open.length }),
      ...(gain > 0 ? { detail: t('attention.advice-gain', 'Together about {{gain}} a day', { gain: formatMoney(gain), interpolation: { escapeValue: false } }) } : {}),
      href: adviceUrl(),
    },
  ];
}

/** Income a day that each miner misses, USD: what others are paid for a hash, times the hashes that it does not do. */
export function lostIncome(rigs: readonly Rig[]): Map<string, number> {
  const paid = rigs.filter((rig) => rig.up && !rig.stale && (rig.hashrate ?? 0) > 0 && rig.money.revenueUsdPerDay !== undefined);
  const hashes = paid.reduce((sum, rig) => sum + (rig.hashrate ?? 0), 0);
  if (hashes === 0) {
    return new Map();
  }
  const perHash = paid.reduce((sum, rig) => sum + (rig.money.revenueUsdPerDay ?? 0), 0) / hashes;
  const byModel = new Map<string, number[]>();
  for (const rig of rigs) {
    const rate = rig.preset?.hashrate ?? rig.hashrateAverage;
    if (rate !== undefined && rate > 0) {
      byModel.set(rig.model, [...(byModel.get(rig.model) ?? []), rate]);
    }
  }
  const usual = new Map([...byModel].map(([model, rates]) => [model, [...rates].sort((a, b) => a - b)[Math.floor(rates.length / 2)]]));
  return new Map(
    rigs.flatMap((rig): Array<[string, number]> => {
      const expected = rig.preset?.hashrate ?? usual.get(rig.model);
      const doing = rig.up && !rig.stale ? (rig.hashrate ?? 0) : 0;
      return expected === undefined || rig.intent !== 'mine' ? [] : [[rig.name, perHash * Math.max(0, expected - doing)]];
    })
  );
}
