import { FieldType, toDataFrame } from '@grafana/data';
import type { AuditEntry, CurvePoint, FleetEvent } from '../../api/types';
import { curveShape, niceStep } from './curveShape';
import { poolGaps, samplesOf, verdictOf } from './poolGap';
import { presetRows, type PresetRow } from './presetRows';
import { timelineOf } from './timeline';

describe('the timeline of a miner', () => {
  const entry = (sequence: number, at: string, miner = 'a'): AuditEntry => ({ sequence, at, actor: 'x', token: 't', event: 'sent', miner });
  const events: FleetEvent[] = [
    { miner: 'a', at: '2026-01-01T00:00:02Z', kind: 'log', text: 'Mining', event: 'initializing' },
    { miner: 'a', at: '2026-01-01T00:00:04Z', kind: 'preset', from: '1', to: '2' },
    { miner: 'b', at: '2026-01-01T00:00:05Z', kind: 'preset', from: '1', to: '2' },
  ];

  it('holds what was done and what happened, newest first, of this miner alone', () => {
    const moments = timelineOf('a', events, [entry(7, '2026-01-01T00:00:03Z'), entry(8, '2026-01-01T00:00:03Z'), entry(9, '2026-01-01T00:00:09Z', 'b')]);
    expect(moments.map(({ source, sequence }) => sequence ?? source)).toEqual(['change', 8, 7, 'log']);
  });
});

describe('the gap to the pool', () => {
  const frame = (refId: string, labels: Record<string, string>, value: number | null) =>
    toDataFrame({ refId, fields: [{ name: 'Time', type: FieldType.time, values: [1] }, { name: 'Value', type: FieldType.number, values: [value], labels }] });

  it('is read from the series by cause and pool; one without a part is none', () => {
    const frames = [
      frame('A', { pool: 'p', cause: 'devfee' }, 0.02), frame('A', { pool: 'p', cause: 'unexplained' }, 0.06), frame('B', { pool: 'p' }, 0.01),
      frame('C', { pool: 'p' }, 0.11), frame('B', { pool: 'q' }, 0.5), frame('D', { pool: 'p' }, null),
    ];
    expect(poolGaps(samplesOf(frames, { A: 'gap', B: 'low', C: 'high', D: 'hours' }))).toEqual([{ pool: 'p', parts: { devfee: 0.02, unexplained: 0.06 }, low: 0.01, high: 0.11 }]);
  });

  it.each([
    [{ low: -0.02, evidence: 0.2 }, 'luck'],
    [{ low: 0.01, evidence: 0.2 }, 'suspicious'],
    [{ low: 0.01, evidence: 1 }, 'lost'],
    [{}, 'luck'],
  ])('with %j is judged %s', (known, verdict) => {
    expect(verdictOf({ pool: 'p', parts: {}, ...known })).toBe(verdict);
  });
});

describe('the presets', () => {
  const point = (preset: string, watts: number, usd?: number, obstacle?: string): CurvePoint => ({
    preset, tuned: true, hours: 0, hashrate: { value: 1, low: 1, high: 1 }, powerWatts: { value: watts, low: watts, high: watts }, efficiencyJoulesPerMegahash: 1,
    ...(usd === undefined ? {} : { profitUsdPerDay: { value: usd, low: usd, high: usd } }), ...(obstacle === undefined ? {} : { obstacle }),
  });

  it('are compared with the one in force; the best is one that nothing stands against', () => {
    const rows = presetRows({ miner: 'a', current: '2', modelHours: 3, points: [point('3', 300, 9, 'too hot'), point('2', 200, 4), point('1', 100, 5), point('0', 50)] });
    expect(rows.map(({ preset, isCurrent, isBest, gainUsdPerDay }) => [preset, isCurrent, isBest, gainUsdPerDay])).toEqual([
      ['0', false, false, undefined], ['1', false, true, 1], ['2', true, false, undefined], ['3', false, false, 5],
    ]);
  });
});

describe('the curve of profit', () => {
  const row = (watts: number, usd?: number): PresetRow => ({
    preset: String(watts), tuned: true, hours: 0, isCurrent: false, isBest: false, hashrate: { value: 1, low: 1, high: 1 }, powerWatts: { value: watts, low: watts, high: watts }, efficiencyJoulesPerMegahash: 1,
    ...(usd === undefined ? {} : { profitUsdPerDay: { value: usd, low: usd - 0.5, high: usd + 0.5 } }),
  });
  const box = { width: 100, height: 60, left: 0, right: 0, top: 10, bottom: 10 };

  it('lies in its box, with round ticks from below the least to above the most', () => {
    const shape = curveShape([row(100, -1), row(200, 2), row(300)], box)!;
    expect(shape.dots.map(({ x, y }) => [x, Math.round(y)])).toEqual([[20, 42], [80, 18]]);
    expect(shape.ticks.map(({ usd }) => usd)).toEqual([-2, -1, 0, 1, 2, 3]);
    expect(shape.ticks.map(({ y }) => y)).toEqual([50, 42, 34, 26, 18, 10]);
  });

  it('is not drawn for one priced preset', () => {
    expect(curveShape([row(100, 1), row(200)], box)).toBeUndefined();
  });

  it.each([[4, 4, 1], [3.9, 4, 1], [9, 4, 5], [0.07, 4, 0.02]])('has for a range of %d in %d ticks a step of %d', (range, most, step) => {
    expect(niceStep(range, most)).toBeCloseTo(step, 10);
  });
});
