import { FieldType, toDataFrame } from '@grafana/data';
import { groupCells, toCells } from './cells';
import { readableOn } from '../drawing/contrast';

const series = (labels: Record<string, string>, values: Array<number | null>) =>
  toDataFrame({ fields: [{ name: 'Time', type: FieldType.time, values: values.map((_, index) => index) }, { name: 'Value', type: FieldType.number, values, labels }] });

describe('cells of the fleet grid', () => {
  it('are the last known values of series with a miner label', () => {
    const cells = toCells([series({ miner: 'a', site: 's' }, [1, 0.5, null]), series({ job: 'x' }, [1])], 'grey');
    expect(cells).toMatchObject([{ miner: 'a', value: 0.5, labels: { miner: 'a', site: 's' } }]);
  });

  it('are the rows of a table with a miner column', () => {
    const table = toDataFrame({
      fields: [
        { name: 'miner', type: FieldType.string, values: ['a', 'b'] },
        { name: 'site', type: FieldType.string, values: ['x', 'y'] },
        { name: 'Value', type: FieldType.number, values: [1, 2] },
      ],
    });
    expect(toCells([table], 'grey').map(({ miner, labels, value }) => [miner, labels.site, value])).toEqual([['a', 'x', 1], ['b', 'y', 2]]);
  });

  it('are grouped by a label and ordered by name as people count, or by value', () => {
    const cells = toCells(
      [series({ miner: 'm10', site: 'b' }, [0.2]), series({ miner: 'm2', site: 'b' }, [0.9]), series({ miner: 'm1', site: 'a' }, [1])], 'grey'
    );
    const shape = (sortBy: 'name' | 'value', groupBy = 'site') =>
      groupCells(cells, { groupBy, sortBy }).map((group) => [group.name, ...group.cells.map((cell) => cell.miner)]);
    expect(shape('name')).toEqual([['a', 'm1'], ['b', 'm2', 'm10']]);
    expect(shape('value')).toEqual([['a', 'm1'], ['b', 'm10', 'm2']]);
    expect(shape('name', '')).toEqual([['', 'm1', 'm2', 'm10']]);
  });

  it('write in the colour that reads better', () => {
    expect(readableOn('#73BF69')).toBe('#000000');
    expect(readableOn('#1f3a5f')).toBe('#ffffff');
  });
});
