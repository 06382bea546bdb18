import { FieldType, toDataFrame } from '@grafana/data';
import { stripsOf } from './boardstrip-panel/strips';
import { rowAt, rowsInView, startsOf, stepInRows } from './drawing/rows';
import { samplesOf } from './drawing/samples';
import { hasLabels, suggestWhere } from './drawing/suggestions';
import { mostOut, timelinesOf } from './fleetstates-panel/stretches';
import { gapRange, gapRows } from './poolgap-panel/gaps';
import { migrated } from './waterfall-panel/options';
import { rangeOf, waterfall } from './waterfall-panel/steps';

const series = (labels: Record<string, string>, values: Array<number | null>, { refId = 'A', times = values.map((_, index) => index * 60_000) } = {}) =>
  toDataFrame({ refId, fields: [{ name: 'Time', type: FieldType.time, values: times }, { name: 'Value', type: FieldType.number, values, labels }] });

describe('rows', () => {
  const starts = startsOf([3, 1, 0, 2]);

  it('are walked through by the arrow keys, without leaving them', () => {
    const walk = (...keys: string[]) => keys.reduce<number | undefined>((index, key) => stepInRows(starts, index, key), undefined);
    expect(starts).toEqual([0, 3, 4, 4, 6]);
    expect(walk('ArrowRight')).toBe(0);
    expect(walk('Home', 'ArrowRight', 'ArrowRight', 'ArrowDown')).toBe(3);
    expect(walk('End')).toBe(5);
    expect(walk('End', 'ArrowRight')).toBe(5);
    expect(walk('Home', 'ArrowUp')).toBe(0);
    expect(stepInRows([0], undefined, 'ArrowRight')).toBeUndefined();
  });

  it('are drawn only where they are in view', () => {
    expect(rowsInView({ top: 0, height: 100, count: 5000 })).toEqual([0, 5]);
    expect(rowsInView({ top: 45, height: 22, count: 5000 })).toEqual([2, 4]);
    expect(rowsInView({ top: 1e9, height: 22, count: 10 })[1]).toBe(10);
    expect([rowAt(0, 2), rowAt(43, 2), rowAt(44, 2), rowAt(-1, 2)]).toEqual([0, 1, undefined, undefined]);
  });
});

describe('board strips', () => {
  const samples = samplesOf(
    [series({ miner: 'm10', board: '1' }, [3]), series({ miner: 'm2', board: '2' }, [5]), series({ miner: 'm2', board: '1' }, [1]), series({ miner: 'm2', board: '1' }, [70], { refId: 'B' })], 'board'
  );

  it('have a cell for each board of the first query, with what the others say of it', () => {
    const strips = stripsOf(samples, 'name');
    expect(strips.map(({ miner, cells }) => [miner, ...cells.map(({ board, main, others }) => [board, main.value, ...others.map(({ value }) => value)])])).toEqual([['m2', ['1', 1, 70], ['2', 5]], ['m10', ['1', 3]]]);
  });

  it('may begin with the lowest', () => {
    const worse = stripsOf([...samples, ...samplesOf([series({ miner: 'm99', board: '1' }, [0])], 'board')], 'worst');
    expect(worse.map(({ miner }) => miner)).toEqual(['m99', 'm2', 'm10']);
  });
});

describe('states over time', () => {
  const minute = 60_000;

  it('come from series by state, of which the one that holds is 1', () => {
    const timelines = timelinesOf([series({ miner: 'a', state: 'mining' }, [1, 1, 0, 0, 1]), series({ miner: 'a', state: 'failure' }, [0, 0, 1, 1, 0])], 5 * minute);
    expect(timelines).toEqual([
      { miner: 'a', stretches: [{ from: 0, to: 2 * minute, state: 'mining' }, { from: 2 * minute, to: 4 * minute, state: 'failure' }, { from: 4 * minute, to: 5 * minute, state: 'mining' }] },
    ]);
    expect(mostOut(timelines, 'mining', 5)).toEqual([{ miner: 'a', seconds: 120, state: 'failure' }]);
  });

  it('have a hole where nothing was known', () => {
    const [{ stretches }] = timelinesOf([series({ miner: 'a', state: 'mining' }, [1, 1, 1, 1], { times: [0, minute, 10 * minute, 11 * minute] })], 11 * minute);
    expect(stretches.map(({ from, to }) => [from / minute, to / minute])).toEqual([[0, 1], [10, 11]]);
  });

  it('come from values by their texts where there is no such label', () => {
    expect(timelinesOf([series({ miner: 'a' }, [1, 1, 2])], 3 * minute)[0].stretches.map(({ state }) => state)).toEqual(['1', '2']);
  });
});

describe('gaps to the pool', () => {
  const samples = samplesOf(
    [
      series({ miner: 'a', pool: 'p' }, [0.02]), series({ miner: 'b', pool: 'p' }, [0.3]), series({ miner: 'c', pool: 'p' }, [0.05]),
      series({ miner: 'a', pool: 'p' }, [-0.02], { refId: 'B' }), series({ miner: 'b', pool: 'p' }, [0.2], { refId: 'B' }), series({ miner: 'c', pool: 'p' }, [0.004], { refId: 'B' }),
      series({ miner: 'b', pool: 'p' }, [0.4], { refId: 'C' }),
    ], 'miner'
  );

  it('are judged by what luck leaves possible, the worst first', () => {
    expect(gapRows(samples, 0.01).map(({ miner, low, high, verdict }) => [miner, low, high, verdict])).toEqual([['b', 0.2, 0.4, 'lost'], ['c', 0.004, undefined, 'suspicious'], ['a', -0.02, undefined, 'even']]);
  });

  it('all lie in the range that is shown, with zero and the tolerance', () => {
    expect(gapRange(gapRows(samples, 0.01), 0.01)).toEqual([-0.02, 0.4]);
    expect(gapRange([], 0.01)).toEqual([-0.02, 0.02]);
  });
});

describe('the waterfall', () => {
  it('begins each bar where the one before ended, and ends with what is left', () => {
    const steps = waterfall([{ name: 'income', value: 10 }, { name: 'fee', value: -1 }, { name: 'power', value: -12 }], 'Net');
    expect(steps.map(({ start, end, kind }) => [start, end, kind])).toEqual([[0, 10, 'gain'], [10, 9, 'loss'], [9, -3, 'loss'], [0, -3, 'total']]);
    expect(rangeOf(steps)).toEqual([-3, 10]);
    expect(waterfall([{ name: 'income', value: 10 }], '')).toHaveLength(1);
  });

  it.each([[undefined, ''], [{ subtract: ['a', 'b'] }, 'a, b'], [{ subtract: 'a' }, 'a']])('takes the options %j', (options, subtract) => {
    expect(migrated(options)).toEqual({ totalName: 'Net', subtract });
  });
});

describe('suggestions', () => {
  const frames = [series({ miner: 'a', state: 'mining' }, [1])];
  const supplier = suggestWhere('Fleet states', 'some-panel', 'what', (given) => hasLabels(given, 'miner', 'state'));

  it('answer a summary, as Grafana 13 asks', () => {
    expect(supplier({ rawFrames: frames })).toEqual([{ name: 'Fleet states', description: 'what' }]);
    expect(supplier({})).toBeUndefined();
  });

  it('answer a builder, as Grafana 12 asks', () => {
    const append = jest.fn();
    const getListAppender = jest.fn(() => ({ append }));
    supplier.getSuggestionsForData({ data: { series: frames }, getListAppender });
    supplier.getSuggestionsForData({ data: { series: [] }, getListAppender });
    expect(getListAppender).toHaveBeenCalledTimes(1);
    expect(append).toHaveBeenCalledWith({ name: 'Fleet states' });
  });
});
