import { FieldType, toDataFrame } from '@grafana/data';
import { samplesOf } from '../drawing/samples';
import { boardsOf, deviationOf, furthest } from './boards';
import { boardOfChip, cellOf, chipAt, chipBox, layoutChips, measures } from './layout';

const series = (labels: Record<string, string>, value: number | null) =>
  toDataFrame({ fields: [{ name: 'Time', type: FieldType.time, values: [1] }, { name: 'Value', type: FieldType.number, values: [value], labels }] });

describe('boards of chips', () => {
  const frames = ['10', '9', '0'].map((chip, index) => series({ miner: 'm2', board: '1', chip }, [1, 3, 2][index]));
  const boards = boardsOf(samplesOf([...frames, series({ miner: 'm10', board: '1', chip: '0' }, null), series({ miner: 'm2' }, 9)], 'chip'));

  it('are ordered as people count, their chips by number, with the median of what is known', () => {
    expect(boards.map(({ miner, board, chips, median }) => [miner, board, chips.map(({ labels }) => labels.chip).join(), median])).toEqual([['m2', '1', '0,9,10', 2], ['m10', '1', '0', NaN]]);
  });

  it('come from a table as well', () => {
    const table = toDataFrame({
      fields: [
        { name: 'miner', type: FieldType.string, values: ['a', 'a'] }, { name: 'board', type: FieldType.string, values: ['1', '1'] }, { name: 'chip', type: FieldType.string, values: ['1', '0'] },
        { name: 'Value', type: FieldType.number, values: [5, 7] },
      ],
    });
    expect(boardsOf(samplesOf([table], 'chip'))[0].chips.map(({ value }) => value)).toEqual([7, 5]);
  });

  it('name the chips that lie furthest from their boards', () => {
    expect(furthest(boards, 2).map(({ chip, deviation }) => [chip.labels.chip, deviation])).toEqual([['9', 0.5], ['10', -0.5]]);
    expect(deviationOf(null, 2)).toBeNaN();
  });
});

describe('the layout of the chip map', () => {
  it('makes chips as large as fit, and scrolls where none do', () => {
    const few = layoutChips({ width: 800, height: 400, boards: [110, 110, 110], columns: 0 });
    const many = layoutChips({ width: 800, height: 400, boards: Array.from({ length: 1200 }, () => 110), columns: 0 });
    expect(few.contentHeight).toBeLessThanOrEqual(400);
    expect(few.chip).toBeGreaterThan(10);
    expect(many).toMatchObject({ chip: measures.smallestChip });
    expect(many.contentHeight).toBeGreaterThan(400);
    expect(many.starts[1200]).toBe(132_000);
  });

  it.each([true, false])('finds each chip where it is drawn (back and forth: %s)', (serpentine) => {
    const layout = layoutChips({ width: 300, height: 100, boards: [7, 30, 12], columns: 5 });
    for (let index = 0; index < 49; index++) {
      const box = chipBox(layout, index, serpentine);
      expect(chipAt(layout, box.left + box.width / 2, box.top + box.height / 2, serpentine)).toBe(index);
    }
    expect([0, 6, 7, 36, 37, 48].map((index) => boardOfChip(layout, index))).toEqual([0, 0, 1, 1, 2, 2]);
    expect(chipAt(layout, 2, 2, serpentine)).toBeUndefined();
    expect(chipAt(layout, 1e6, 1e6, serpentine)).toBeUndefined();
  });

  it('runs every second row backwards', () => {
    expect([0, 4, 5, 9, 10].map((chip) => cellOf(chip, 5, true))).toEqual([{ column: 0, row: 0 }, { column: 4, row: 0 }, { column: 4, row: 1 }, { column: 0, row: 1 }, { column: 0, row: 2 }]);
  });
});
