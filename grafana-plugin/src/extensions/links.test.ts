import pluginJson from '../plugin.json';
import { exposed } from './exposed';
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
    expect(links[2].configure?.({ instance: { labels: { miner: 'l7-03' } } } as never)).toEqual({ path: '/a/hashfleet-miningfleet-app/miner/l7-03' });
    expect(links[2].configure?.({ instance: { labels: {} } } as never)).toBeUndefined();
  });

  it('lead from a panel to the miner and to its controls', () => {
    const context = { scopedVars: { miner: { value: 'l9-01' } } } as never;
    expect(links.slice(0, 2).map((link) => link.configure?.(context))).toEqual([{ path: '/a/hashfleet-miningfleet-app/miner/l9-01' }, { path: '/a/hashfleet-miningfleet-app/control?miner=l9-01' }]);
  });

  it('lead from the command palette to pages of the app', () => {
    const palette = links.filter(({ targets }) => targets.includes('grafana/commandpalette/action'));
    const pages = new Set(pluginJson.includes.map(({ path }) => path?.replace('%PLUGIN_ID%', 'hashfleet-miningfleet-app')));
    expect(palette.length).toBeGreaterThan(2);
    expect(palette.filter(({ path }) => !pages.has(path ?? ''))).toEqual([]);
  });

  it('come with the component that plugin.json exposes', () => {
    expect(exposed.map(({ id, title, description }) => ({ id, title, description }))).toEqual(pluginJson.extensions.exposedComponents.map((one) => ({ ...one, id: one.id.replace('%PLUGIN_ID%', 'hashfleet-miningfleet-app') })));
  });
});
