/** The metrics server: answers from memory, never waits for a miner or a pool. */
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import express, { type Express, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { Config } from '../config/load.ts';
import { shardOf, type Shard } from '../fleet/sharding.ts';
import type { Logger } from '../log.ts';
import type { Probes } from '../metrics/probes.ts';
import { contentType, type MetricsRegistry } from '../metrics/registry.ts';
import { checkFetchSite } from './browsers.ts';
import { problemHandler } from './problem.ts';

const gzip = promisify(gzipCallback);

export interface MetricsServerSources {
  readonly registry: MetricsRegistry;
  readonly probes: Probes;
  readonly config: Config;
  readonly shard: Shard;
  /** Where a miner of this exporter's part is read now: it may have moved. */
  readonly addressOf: (miner: string) => string | undefined;
  readonly log: Logger;
  /** False until the first round has been started and while stopping. */
  readonly ready: () => boolean;
  readonly version: string;
  /** Reads the configuration anew. @throws HashfleetError when it is refused. */
  readonly reload: () => Promise<void>;
}

/** Ms that a scrape leaves for the answer to travel. */
const scrapeMarginMs = 250;

/** The configured deadline, or what Prometheus' own leaves when that is less. */
function probeDeadlineMs(request: Request, configuredSeconds: number): number {
  const scrape = Number(request.headers['x-prometheus-scrape-timeout-seconds']) * 1000 - scrapeMarginMs;
  return scrape > 0 ? Math.min(scrape, configuredSeconds * 1000) : configuredSeconds * 1000;
}

export function metricsApp({ registry, probes, config, shard, addressOf, log, ready, version, reload }: MetricsServerSources): Express {
  const app = express();
  app.disable('etag');
  app.disable('x-powered-by');
  app.use(helmet());

  /** `done` is called once the page's memory is no longer needed. */
  async function serve(page: Buffer, { request, response, done }: { request: Request; response: Response; done: () => void }): Promise<void> {
    response.setHeader('content-type', contentType);
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
      response.end(page, done);
      return;
    }
    // Level 1, off the event loop: 10:1 for a third of the time of 12:1 (exporter-anchors.md, 3.1).
    const packed = await gzip(page, { level: 1 });
    done();
    response.setHeader('content-encoding', 'gzip');
    response.end(packed);
  }

  /** Memory of the last page, free to be used again; a second scrape at the same time gets its own. */
  let spare: Buffer | undefined;
  app.get('/metrics', async (request, response) => {
    const mine = spare;
    spare = undefined;
    const page = await registry.render(mine);
    await serve(page, {
      request, response,
      done() {
        spare = page;
      },
    });
  });
  app.get('/metrics/chips', async (request, response) => serve(registry.renderChips(), { request, response, done: () => undefined }));

  /** One miner, by its name in the configuration; nothing else can be asked for. */
  app.get('/probe', async (request, response) => {
    const { target, fresh = '0' } = request.query;
    if (typeof target !== 'string' || (fresh !== '0' && fresh !== '1')) {
      response.status(400).type('text/plain').send('give the name of a miner, and fresh=1 to have it read now: /probe?target=NAME&fresh=1\n');
      return;
    }
    const page = await probes.probe(target, { fresh: fresh === '1', deadlineMs: probeDeadlineMs(request, config.poll.deadline_seconds) });
    if (page === undefined) response.status(404).type('text/plain').send(`there is no miner "${target.slice(0, 64)}" in the configuration; /sd lists them\n`);
    else await serve(page, { request, response, done: () => undefined });
  });

  app.get('/-/healthy', (_request, response) => void response.type('text/plain').send('healthy\n'));
  app.get('/-/ready', (_request, response) => void response.status(ready() ? 200 : 503).type('text/plain').send(ready() ? 'ready\n' : 'not ready\n'));

  /** As Prometheus' own: whoever reaches this port may ask for the file to be read again, not for another file. */
  app.post('/-/reload', async (request, response) => {
    checkFetchSite(request.headers['sec-fetch-site']);
    await reload();
    response.type('text/plain').send('reloaded\n');
  });

  /** Prometheus' HTTP service discovery: one group a miner, of the whole fleet and not only of this exporter's part. */
  app.get('/sd', (_request, response) => void response.json(config.miners.map(({ name, address, site, rack, circuit }) => ({
    targets: [addressOf(name) ?? address],
    labels: { __meta_hashfleet_miner: name, __meta_hashfleet_site: site, __meta_hashfleet_shard: String(shardOf(name, shard.count)), ...(rack === undefined ? {} : { __meta_hashfleet_rack: rack }), ...(circuit === undefined ? {} : { __meta_hashfleet_circuit: circuit }) },
  }))));

  app.get('/', (_request, response) => void response.type('html').send(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Hashfleet exporter</title><body style="font-family:sans-serif"><h1>Hashfleet exporter ${version}</h1>`
    + `<p>${config.miners.length} miners configured.</p><ul><li><a href="/metrics">Metrics</a></li><li><a href="/metrics/chips">Metrics of all chips</a></li><li><a href="/sd">Inventory</a></li><li><a href="/-/healthy">Health</a></li><li><a href="/-/ready">Readiness</a></li></ul></body></html>`,
  ));
  app.use((_request, response) => void response.status(404).type('text/plain').send('not found; see /\n'));
  app.use(problemHandler(log));
  return app;
}
