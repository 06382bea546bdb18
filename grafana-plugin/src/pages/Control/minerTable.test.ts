import { aRig } from '../../test/builders';
import { filterRigs, readView, sortRigs, writeView, type TableView } from './minerTable';

const rigs = [
  aRig({ name: 'l9-2', rack: 'A', hashrate: 17e9, preset: { name: '3360' } }),
  aRig({ name: 'l9-10', rack: 'B', hashrate: 16e9, state: 'auto-tuning' }),
  aRig({ name: 'l7-1', site: 'shed', model: 'Antminer L7', up: false, reason: 'timeout' }),
  aRig({ name: 'l7-2', site: 'shed', model: 'Antminer L7', stale: true, hashrate: 9e9 }),
];
const names = (list: typeof rigs) => list.map((rig) => rig.name);
const view = (parts: Partial<TableView> = {}): TableView => ({ ...readView(new URLSearchParams()), ...parts });

describe('the table of miners', () => {
  it.each([
    ['part of a name', { search: 'l9' }, ['l9-2', 'l9-10']],
    ['every word, anywhere', { search: 'shed  OFFLINE' }, ['l7-1']],
    ['the state as it is shown', { search: 'tuning' }, ['l9-10']],
    ['a preset', { search: '3360' }, ['l9-2']],
    ['a site', { site: 'shed' }, ['l7-1', 'l7-2']],
    ['a rack', { rack: 'B' }, ['l9-10']],
    ['a circuit that none is on', { circuit: 'Z9' }, []],
    ['a model and a state', { model: 'Antminer L7', condition: 'stale' as const }, ['l7-2']],
    ['one miner, by its whole name', { miner: 'l7-1' }, ['l7-1']],
  ])('is filtered by %s', (_, parts, expected) => {
    expect(names(filterRigs(rigs, view(parts)))).toEqual(expected);
  });

  it('is sorted by name as people count', () => {
    expect(names(sortRigs(rigs, view()))).toEqual(['l7-1', 'l7-2', 'l9-2', 'l9-10']);
  });

  it('puts unknown values last, whichever way it is sorted', () => {
    expect(names(sortRigs(rigs, { sort: 'hashrate', descending: false }))).toEqual(['l7-2', 'l9-10', 'l9-2', 'l7-1']);
    expect(names(sortRigs(rigs, { sort: 'hashrate', descending: true }))).toEqual(['l9-2', 'l9-10', 'l7-2', 'l7-1']);
  });

  it('keeps its view in the address, and what is not its own there too', () => {
    const wanted = view({ search: 'l9', site: 'garage', rack: 'A', circuit: 'A1', condition: 'mining', sort: 'power', descending: true, page: 3 });
    const address = writeView(wanted, new URLSearchParams('kiosk=1'));
    expect(address.toString()).toBe('kiosk=1&q=l9&site=garage&rack=A&circuit=A1&state=mining&sort=power&dir=desc&page=3');
    expect(readView(address)).toEqual(wanted);
    expect(writeView(view(), address).toString()).toBe('kiosk=1');
  });

  it('ignores nonsense in the address', () => {
    expect(readView(new URLSearchParams('sort=drop&state=what&page=-4'))).toEqual(view());
  });
});
