import type { Alert } from '../../api/alertmanager';
import { causesOf, minersOf } from './causes';
import { covers, matchersOf, matcherText, silenceOf } from './silences';

export const anAlert = (fingerprint: string, labels: Record<string, string>, parts: Partial<Omit<Alert, 'status'>> & { inhibitedBy?: string[]; silencedBy?: string[] } = {}): Alert => {
  const { inhibitedBy = [], silencedBy = [], ...rest } = parts;
  return { fingerprint, labels, annotations: {}, startsAt: '2026-01-01T00:00:00Z', status: { state: inhibitedBy.length + silencedBy.length > 0 ? 'suppressed' : 'active', inhibitedBy, silencedBy }, ...rest };
};

const down = (n: number, parts = {}) => anAlert(`d${n}`, { alertname: 'MinerUnreachable', severity: 'critical', site: 'garage', miner: `l9-${n}` }, parts);

describe('causes of alerts', () => {
  it('are one for each name and place, with what they explain folded in', () => {
    const slow = anAlert('s1', { alertname: 'MinerHashrateLow', severity: 'warning', site: 'garage', miner: 'l9-2' }, { inhibitedBy: ['d2'] });
    const causes = causesOf([slow, down(10, { startsAt: '2026-01-01T00:05:00Z' }), down(2), anAlert('w', { alertname: 'Watchdog', severity: 'info' })]);
    expect(causes).toHaveLength(1);
    expect(causes[0]).toMatchObject({ name: 'MinerUnreachable', severity: 'critical', site: 'garage', since: '2026-01-01T00:00:00Z', consequences: [slow] });
    expect(minersOf(causes[0])).toEqual(['l9-2', 'l9-10']);
  });

  it('are ordered by severity, then by how long they stand', () => {
    const of = (name: string, severity: string, startsAt: string) => anAlert(name, { alertname: name, severity }, { startsAt });
    const names = causesOf([of('c', 'info', '2026-01-01T00:00:00Z'), of('b', 'warning', '2026-01-01T00:03:00Z'), of('a', 'warning', '2026-01-01T00:02:00Z'), of('d', 'critical', '2026-01-01T00:09:00Z')]).map(({ name }) => name);
    expect(names).toEqual(['d', 'a', 'b', 'c']);
  });

  it('leave out what is silenced, and show what is held back by something that is itself silenced or gone', () => {
    const silenced = down(1, { silencedBy: ['x'] });
    const orphan = anAlert('s1', { alertname: 'MinerHashrateLow', severity: 'warning', site: 'garage', miner: 'l9-1' }, { inhibitedBy: ['d1'] });
    expect(causesOf([silenced, orphan]).map(({ name }) => name)).toEqual(['MinerHashrateLow']);
  });

  it.each([
    [{ severity: 'warning' as const }, 0], [{ severity: 'critical' as const }, 1], [{ site: 'garage' }, 1], [{ site: 'shed' }, 0], [{ text: 'L9-2' }, 1], [{ text: 'nothing' }, 0],
    [{ alert: 'MinerUnreachable' }, 1], [{ alert: 'MinerHot' }, 0],
  ])('are filtered by %j', (filter, found) => {
    expect(causesOf([down(2)], filter)).toHaveLength(found);
  });
});

describe('silences', () => {
  const alert = down(2);

  it('match as much as their scope says', () => {
    expect(matchersOf(alert, 'alert-miner')?.map(matcherText)).toEqual(['alertname="MinerUnreachable"', 'miner="l9-2"']);
    expect(matchersOf(alert, 'alert-site')?.map(matcherText)).toEqual(['alertname="MinerUnreachable"', 'site="garage"']);
    expect(matchersOf(alert, 'alert')?.map(matcherText)).toEqual(['alertname="MinerUnreachable"']);
    expect(matchersOf(alert, 'miner')?.map(matcherText)).toEqual(['miner="l9-2"']);
    expect(matchersOf(anAlert('x', { alertname: 'ExporterDown' }), 'miner')).toBeUndefined();
    const all = [down(2), down(3), anAlert('h', { alertname: 'MinerHot', miner: 'l9-2' })];
    expect((['alert-miner', 'alert-site', 'alert', 'miner'] as const).map((scope) => all.filter((one) => covers(matchersOf(alert, scope)!, one)).length)).toEqual([1, 2, 2, 2]);
  });

  it('say who, why and until when', () => {
    expect(silenceOf({ matchers: [], now: 0, end: 3_600_000, createdBy: 'jane', comment: ' fan ordered ' })).toEqual({
      matchers: [], createdBy: 'jane', comment: 'fan ordered', startsAt: '1970-01-01T00:00:00.000Z', endsAt: '1970-01-01T01:00:00.000Z',
    });
  });
});
