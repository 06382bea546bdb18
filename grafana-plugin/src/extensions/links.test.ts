import pluginJson from '../plugin.json';
import { links, minerOfAlert, minerOfPanel } from './links';

const series = (...miners: string[]) => ({ data: { series: miners.map((miner) => ({ fields: [{}, { labels: { miner } }] })) } });

describe('links to the miner page', () => {
  it('equal what plugin.json declares', () => {
    const declared = links.map(({ targets, title, description }) => ({ targets, title, description }));
    expect(declared).toEqual(pluginJson.extensions.addedLinks);
  });

  it.each([
    ['the miner variable of the dashboard', { scopedVars: { miner: { value: 'l9-01' } } }, 'l9-01'],
    ['the miner that all series share', series('l9-02', 'l9-02'), 'l9-02'],
    ['the variable before the series', { scopedVars: { miner: { value: 'l9-01' } }, ...series('l9-02') }, 'l9-01'],
    ['nothing when the series are of several miners', series('l9-01', 'l9-02'), undefined],
    ['nothing when several miners are chosen', { scopedVars: { miner: { value: ['l9-01', 'l9-02'] } } }, undefined],
    ['nothing that is no miner name', { scopedVars: { miner: { value: '../admin' } } }, undefined],
    ['nothing without a context', undefined, undefined],
  ])('take %s', (_, context, miner) => {
    expect(minerOfPanel(context)).toBe(miner);
  });

  it('lead from an alert instance to its miner, and hide without one', () => {
    expect(minerOfAlert({ instance: { labels: { miner: 'l7-03' } } })).toBe('l7-03');
    expect(links[1].configure?.({ instance: { labels: { miner: 'l7-03' } } } as never)).toEqual({ path: '/a/hashfleet-miningfleet-app/miner/l7-03' });
    expect(links[1].configure?.({ instance: { labels: {} } } as never)).toBeUndefined();
  });
});
