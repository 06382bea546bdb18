/**
 * The page of a fleet at 120 series a miner, in 66 families: ours, and prom-client's own Gauge path with the same series.
 * A round is what happens between two scrapes: every series gets a new value, then the page is made.
 */
import { catalogue, type Family } from '@hashfleet/exporter/metrics/catalogue';
import { createPage, labelText } from '@hashfleet/exporter/metrics/page';
import { chipSeries } from '@hashfleet/exporter/metrics/series';
import type { ChipReading } from '@hashfleet/exporter/miners/reading';
import { Gauge, Registry } from 'prom-client';
import { fastest, figure, type Benchmark } from './measure.ts';

interface Series { readonly family: string; readonly labels: Readonly<Record<string, string>>; readonly text: string }

const base = (miner: string) => ({ miner, site: 'garage', model: 'Antminer L9' });
const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** 40 scalars, 12 per board x 4, 2 per fan x 4, 5 of the power supply, 6 per pool x 3, 1 info: 120 series. */
function shape(): Series[] {
  const series = (family: string, labels: Record<string, string>): Series => ({ family, labels, text: labelText(labels) });
  return [
    ...range(40).map((id) => series(`bench_scalar_${id}`, {})),
    ...range(12).flatMap((id) => range(4).map((board) => series(`bench_board_${id}`, { board: String(board) }))),
    ...range(2).flatMap((id) => range(4).map((fan) => series(`bench_fan_${id}`, { fan: String(fan) }))),
    ...range(5).map((id) => series(`bench_psu_${id}`, { sensor: 'pfc' })),
    ...range(6).flatMap((id) => range(3).map((pool) => series(`bench_pool_${id}`, { pool: String(pool) }))),
    series('bench_info', { firmware: 'Vnish', firmware_version: '1.2.7', mac: '02:00:00:00:00:01' }),
  ];
}

/** Mixed number shapes as a miner gives them: 11-digit integers, one decimal, full doubles. */
function valueAt(index: number, round: number): number {
  const kind = index % 3;
  if (kind === 0) return 16_000_000_000 + ((index * 7919 + round * 104_729) % 1_000_000_000);
  return kind === 1 ? ((index * 37 + round) % 900) / 10 : (index + 1) / (round + 3);
}

export const exposition: Benchmark = {
  name: 'exposition',
  about: 'update every series and make the page, at 60, 1,000 and 10,000 miners of 120 series; baseline: prom-client Gauge',
  async run(report) {
    const one = shape();
    const families = [...new Set(one.map(({ family }) => family))];
    for (const [miners, rounds] of [[60, 12], [1000, 6], [10_000, 2]] as const) {
      const names = range(miners).map((id) => `miner-${id}`);
      const page = createPage(families.map((name) => ({ name, type: 'gauge' as const, help: `${name}.` })));
      const registry = new Registry();
      const gauges = new Map(families.map((name) => [name, new Gauge({
        name, help: `${name}.`, registers: [registry], labelNames: ['miner', 'site', 'model', ...Object.keys(one.find(({ family }) => family === name)?.labels ?? {})],
      })]));
      const turn = { ours: 0, theirs: 0 };
      let ourPage: Buffer = Buffer.alloc(0);
      let theirPage: Buffer = Buffer.alloc(0);

      const updateOurs = () => {
        turn.ours += 1;
        names.forEach((miner, at) => page.set(miner, labelText(base(miner)), (emit) => one.forEach(({ family, text }, index) => emit(family, text, valueAt(at * 120 + index, turn.ours)))));
      };
      const updateTheirs = () => {
        turn.theirs += 1;
        names.forEach((miner, at) => one.forEach(({ family, labels }, index) => gauges.get(family)?.set({ ...base(miner), ...labels }, valueAt(at * 120 + index, turn.theirs))));
      };
      const renderOurs = () => {
        ourPage = page.render(ourPage);
      };
      const renderTheirs = async () => {
        theirPage = Buffer.from(await registry.metrics());
      };
      // The first layout is part of starting up, not of a scrape.
      updateOurs();
      renderOurs();
      updateTheirs();
      await renderTheirs();
      sameSeries(ourPage, theirPage);

      const [renderA = 0, renderB = 0] = await fastest([{ name: 'ours', run: renderOurs }, { name: 'prom-client', run: renderTheirs }], rounds);
      report(figure(`exposition/${miners}/render`, 'ms', [renderA, renderB]));
      // The floor: the page's bytes copied in one piece, into memory that was used before. Both are bound by memory, which
      // others on the machine use too: of a few rounds even the fastest may be a disturbed one.
      const copied = Buffer.alloc(ourPage.length, 1);
      const [again = 0, copy = 0] = await fastest([{ name: 'ours', run: renderOurs }, { name: 'copy', run: () => void ourPage.copy(copied) }], 40);
      report(figure(`exposition/${miners}/render-beside-copy`, 'ms', [again, copy]));
      const [roundA = 0, roundB = 0] = await fastest([
        { name: 'ours', run() { updateOurs(); renderOurs(); } },
        { name: 'prom-client', async run() { updateTheirs(); await renderTheirs(); } },
      ], rounds);
      report(figure(`exposition/${miners}/update-and-render`, 'ms', [roundA, roundB]));
    }
  },
};

/** Every chip of 60 L9 (330 each, 6 series a chip): the page beside a copy of its bytes. */
export const chips: Benchmark = {
  name: 'chips',
  about: 'the page of all chips of 60 L9, 118,800 series; baseline: a copy of its bytes',
  async run(report) {
    const page = createPage(Object.entries<Family>(catalogue).filter(([, family]) => family.page === 'chips').map(([name, { type, help }]) => ({ name, type, help })));
    const update = (round: number) => range(60).forEach((id) => page.set(`l9-${id}`, labelText(base(`l9-${id}`)), (emit) => chipSeries({ sensors: [], chips: range(330).map((at): ChipReading => ({
      board: Math.ceil(at / 110), chip: (at - 1) % 110, hashrate: valueAt(id * 330 + at, round), frequencyHertz: 1.2e9 + at, voltageVolts: 0.31, temperature: 60 + (at % 20), errors: round, grade: 'grey',
    })) }, emit)));
    update(0);
    let made = page.render();
    const copied = Buffer.alloc(made.length, 1);
    const [render = 0, copy = 0] = await fastest([{ name: 'ours', run: () => void (made = page.render(made)) }, { name: 'copy', run: () => void made.copy(copied) }], 20);
    report(figure(`chips/${page.seriesCount}-series/render`, 'ms', [render, copy]));
    let round = 0;
    const [whole = 0, same = 0] = await fastest([{ name: 'ours', run() { update(round += 1); made = page.render(made); } }, { name: 'copy', run: () => void made.copy(copied) }], 6);
    report(figure(`chips/${page.seriesCount}-series/update-and-render`, 'ms', [whole, same]));
  },
};

/** Both pages must say the same, or the comparison means nothing. */
function sameSeries(ours: Buffer, theirs: Buffer): void {
  const lines = (page: Buffer) => page.toString('latin1').split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.replace(/ +(\S+)$/, ' $1')).sort();
  const [a, b] = [lines(ours), lines(theirs)];
  if (a.length !== b.length || a.some((line, index) => line !== b[index])) throw new Error('the two pages differ: the benchmark is wrong');
}
