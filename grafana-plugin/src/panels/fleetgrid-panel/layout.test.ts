import { layoutGrid, measures, neededHeight, textRoom } from './layout';

const sizes = [[1], [12], [8, 4], [60, 40, 20], [500], [1000, 1000, 500]];

describe('the layout of the fleet grid', () => {
  it.each(sizes.map((groupSizes) => [groupSizes]))('fits groups of %j into a panel, or scrolls', (groupSizes) => {
    for (const [width, height] of [[400, 250], [900, 300], [1600, 700]]) {
      const layout = layoutGrid({ width, height, groupSizes, hasHeaders: true });
      expect(layout.columns * (layout.cellWidth + measures.gap) - measures.gap).toBeLessThanOrEqual(width);
      if (!layout.scrolls) {
        expect(neededHeight(layout, groupSizes, true)).toBeLessThanOrEqual(height);
      }
    }
  });

  it('makes few miners large, up to a limit, and many small', () => {
    const few = layoutGrid({ width: 900, height: 300, groupSizes: [3], hasHeaders: false });
    const many = layoutGrid({ width: 900, height: 300, groupSizes: [600], hasHeaders: false });
    expect(few.cellWidth).toBe(measures.largest);
    expect(many.cellWidth).toBeLessThan(40);
    expect(textRoom(few)).toEqual({ name: true, value: true });
    expect(textRoom(many)).toEqual({ name: false, value: false });
  });

  it('scrolls where even the smallest cells do not fit', () => {
    const layout = layoutGrid({ width: 200, height: 100, groupSizes: [20_000], hasHeaders: false });
    expect(layout).toMatchObject({ scrolls: true, cellWidth: measures.smallest });
  });

  it('survives a panel without room', () => {
    expect(layoutGrid({ width: 0, height: 0, groupSizes: [5], hasHeaders: true }).columns).toBe(1);
  });
});
