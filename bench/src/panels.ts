/** The nested panels in Chromium, on the plugin host, with made-up answers in the place of Prometheus; without a graphics card, so that all is drawn by the processor. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { figure, type Benchmark } from './measure.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** As much of playwright as is used here; it belongs to the plugin. */
interface Page {
  route(url: string, answer: (route: { request(): { postDataJSON(): { queries: { refId: string; expr: string }[] } }; fulfill(reply: { contentType: string; body: string }): Promise<void> }) => Promise<void>): Promise<void>;
  goto(url: string): Promise<unknown>;
  setContent(html: string): Promise<void>;
  waitForSelector(selector: string, options?: { timeout: number; state?: 'attached' }): Promise<unknown>;
  waitForTimeout(ms: number): Promise<void>;
  evaluate<T, A>(work: string | ((argument: A) => T | Promise<T>), argument?: A): Promise<T>;
  addInitScript(script: string): Promise<void>;
  close(): Promise<void>;
}
interface Browser { newPage(options: { viewport: { width: number; height: number } }): Promise<Page>; close(): Promise<void> }

const minerCount = 5000;
const chipMiners = 400;
const boardsEach = 3;
const chipsEach = 110;

type Field = Record<string, unknown>;
const frame = (refId: string, fields: Field[], values: unknown[][]) => ({ schema: { refId, fields }, data: { values } });
const time = { name: 'Time', type: 'time', typeInfo: { frame: 'time.Time' } };
const number = (labels?: Record<string, string>): Field => ({ name: 'Value', type: 'number', typeInfo: { frame: 'float64' }, ...(labels === undefined ? {} : { labels }), config: labels === undefined ? {} : { displayNameFromDS: labels['miner'] } });
const text = (name: string): Field => ({ name, type: 'string', typeInfo: { frame: 'string' } });

/** A number that looks like chance and is the same in each run. */
const noise = (index: number): number => ((index * 2_654_435_761) % 1000) / 1000;

function answer(expr: string, refId: string, now: number): unknown[] {
  const miners = Array.from({ length: minerCount }, (_, index) => `m-${String(index).padStart(4, '0')}`);
  if (expr === 'chips') {
    const [at, miner, board, chip, value]: [number[], string[], string[], string[], number[]] = [[], [], [], [], []];
    for (let index = 0; index < chipMiners * boardsEach * chipsEach; index += 1) {
      at.push(now);
      miner.push(`m-${String(Math.floor(index / (boardsEach * chipsEach))).padStart(4, '0')}`);
      board.push(String(1 + (Math.floor(index / chipsEach) % boardsEach)));
      chip.push(String(index % chipsEach));
      value.push(50e6 * (0.85 + 0.3 * noise(index)));
    }
    return [frame(refId, [time, text('miner'), text('board'), text('chip'), number()], [at, miner, board, chip, value])];
  }
  if (expr === 'states') {
    const at = Array.from({ length: 60 }, (_, index) => now - (59 - index) * 60_000);
    return miners.map((miner, index) => frame(refId, [time, number({ miner, state: 'mining' })], [at, at.map((_, row) => (noise(index * 60 + row) < 0.02 ? null : 1))]));
  }
  const scale = { ratio: 1, gap: 0.05, low: 0.02, high: 0.08 }[expr] ?? 1;
  return miners.map((miner, index) => frame(refId, [time, number({ miner, site: `s${index % 4}`, pool: 'p' })], [[now], [scale * (0.5 + noise(index))]]));
}

const panels = [
  { name: 'fleet-grid', type: 'hashfleet-fleetgrid-panel', targets: ['ratio'], scroller: '[data-testid="fleet-grid"] [role="group"]', things: minerCount },
  { name: 'fleet-states', type: 'hashfleet-fleetstates-panel', targets: ['states'], scroller: '[data-testid="fleet-states"] [role="group"]', things: minerCount },
  { name: 'pool-gap', type: 'hashfleet-poolgap-panel', targets: ['gap', 'low', 'high'], scroller: '[data-testid="pool-gap"] [role="group"]', things: minerCount },
  { name: 'chip-map', type: 'hashfleet-chipmap-panel', targets: ['chips'], scroller: '[data-testid="chip-map"] [role="group"]', things: chipMiners * boardsEach * chipsEach },
] as const;

/** Scrolls for three seconds and says how long frames took, ms. */
const scrolling = `(selector) => new Promise((done) => {
  const box = document.querySelector(selector);
  const frames = []; const tasks = [];
  const watch = new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => tasks.push(duration)));
  watch.observe({ entryTypes: ['longtask'] });
  const begin = performance.now(); let last = begin; let way = 60;
  const step = (now) => {
    frames.push(now - last); last = now;
    if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) way = -60; else if (box.scrollTop <= 0) way = 60;
    box.scrollTop += way;
    if (now - begin < 3000) requestAnimationFrame(step);
    else setTimeout(() => { watch.disconnect(); frames.sort((a, b) => a - b); done({ p50: frames[frames.length >> 1], p95: frames[Math.floor(frames.length * 0.95)], fps: frames.length / ((now - begin) / 1000), longest: Math.max(0, ...tasks), scrolls: box.scrollHeight > box.clientHeight }); }, 100);
  };
  requestAnimationFrame(step);
})`;

interface Scrolled { p50: number; p95: number; fps: number; longest: number; scrolls: boolean }

/** The plain way: an element for each thing. */
const plainPage = (things: number): string => `<div id="box" style="height:640px;width:1240px;overflow-y:auto"></div><script>
  window.began = performance.now();
  const box = document.getElementById('box');
  for (let index = 0; index < ${things}; index += 1) { const cell = document.createElement('div'); cell.style.cssText = 'display:inline-block;width:${things > 10_000 ? 5 : 60}px;height:${things > 10_000 ? 5 : 20}px;margin:1px;background:hsl(' + (index * 37 % 120) + ' 60% 50%)'; cell.title = 'm-' + index; ${things > 10_000 ? '' : "cell.textContent = 'm-' + index;"} box.append(cell); }
  box.getBoundingClientRect(); requestAnimationFrame(() => setTimeout(() => { window.drawn = performance.now() - window.began; }));
</script>`;

const freePort = async (): Promise<number> =>
  new Promise((done, fail) => {
    const server = createServer().once('error', fail).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => { done(port); });
    });
  });

async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await fetch(url).then(({ ok }) => ok, () => false)) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`${url} does not answer`);
}

export const panelsBench: Benchmark = {
  name: 'panels',
  about: `the panels in Chromium: frames while ${minerCount} miners scroll, ${chipMiners * boardsEach * chipsEach} chips from the answer to the first drawing (baseline: an element for each)`,
  long: true,
  async run(report) {
    const host = path.join(root, 'plugin-host/dist/server.mjs');
    const dist = path.join(root, 'grafana-plugin/dist');
    if (!existsSync(host) || !existsSync(path.join(dist, 'module.js'))) throw new Error('The plugin or its host is not built: run "npm run build" first.');
    const { chromium } = createRequire(path.join(root, 'grafana-plugin/package.json'))('@playwright/test') as { chromium: { launch(options: object): Promise<Browser> } };
    const folder = mkdtempSync(path.join(tmpdir(), 'panels-bench-'));
    for (const { name, type, targets } of panels) {
      const datasource = { type: 'prometheus' };
      writeFileSync(path.join(folder, `${name}.json`), JSON.stringify({
        uid: name, title: name, schemaVersion: 42, time: { from: 'now-1h', to: 'now' },
        panels: [{ id: 1, type, title: name, datasource, gridPos: { x: 0, y: 0, w: 24, h: 20 }, options: {}, fieldConfig: { defaults: { unit: 'percentunit' }, overrides: [] }, targets: targets.map((expr, index) => ({ refId: 'ABC'[index], expr, datasource, ...(expr === 'states' ? { range: true } : { instant: true, range: false }), format: expr === 'chips' ? 'table' : 'time_series' })) }],
      }));
    }
    const port = await freePort();
    const base = `http://127.0.0.1:${port}`;
    const server = spawn(process.execPath, [host, '--port', String(port), '--dist', dist, '--prometheus', 'http://127.0.0.1:1', '--dashboards', folder], { stdio: 'ignore' });
    let browser: Browser | undefined;
    try {
      await answers(`${base}/healthz`);
      browser = await chromium.launch({ ...(existsSync('/usr/bin/chromium') ? { executablePath: '/usr/bin/chromium' } : {}), args: ['--no-sandbox'] });
      for (const { name, scroller, things } of panels) {
        const plain = await browser.newPage({ viewport: { width: 1280, height: 800 } });
        await plain.setContent(plainPage(things));
        await plain.evaluate('new Promise((done) => { const wait = () => (window.drawn ? done(1) : setTimeout(wait, 20)); wait(); })');
        const plainDrawn = await plain.evaluate<number, undefined>('window.drawn');
        const baseline = await plain.evaluate<Scrolled, string>(`(${scrolling})('#box')`);
        await plain.close();

        const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
        await page.route('**/api/ds/query**', async (route) => {
          const { queries } = route.request().postDataJSON();
          const now = Date.now();
          const results = Object.fromEntries(queries.map(({ refId, expr }) => [refId, { status: 200, frames: answer(expr, refId, now) }]));
          const body = JSON.stringify({ results });
          await route.fulfill({ contentType: 'application/json', body });
        });
        // From the answer, as the page gets it, to the frame in which it is drawn.
        await page.addInitScript(`{
          const plain = window.fetch;
          window.fetch = async (...given) => { const reply = await plain(...given); if (String(given[0]?.url ?? given[0]).includes('/api/ds/query')) window.answered = performance.now(); return reply; };
          new MutationObserver((_, watch) => { if (document.querySelector(${JSON.stringify(scroller)})) { watch.disconnect(); requestAnimationFrame(() => setTimeout(() => { window.drawn = performance.now() - window.answered; })); } }).observe(document, { childList: true, subtree: true });
        }`);
        await page.goto(`${base}/d/${name}`);
        await page.waitForSelector(scroller, { timeout: 60_000, state: 'attached' });
        await page.waitForTimeout(1500);
        const drawn = await page.evaluate<number, undefined>('window.drawn');
        const scrolled = await page.evaluate<Scrolled, string>(`(${scrolling})(${JSON.stringify(scroller)})`);
        if (!scrolled.scrolls) throw new Error(`${name}: it does not scroll, so that nothing was measured`);
        await page.close();
        report(figure(`panels/${name} answer to drawing`, 'ms', [drawn, plainDrawn]));
        report(figure(`panels/${name} frame p50`, 'ms', [scrolled.p50, baseline.p50]));
        report(figure(`panels/${name} frame p95`, 'ms', [scrolled.p95, baseline.p95]));
        // Tasks of less than 50 ms are not told; where neither has one there is nothing to compare.
        if (baseline.longest > 0) report(figure(`panels/${name} longest task`, 'ms', [scrolled.longest, baseline.longest]));
      }
    } finally {
      await browser?.close();
      server.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
