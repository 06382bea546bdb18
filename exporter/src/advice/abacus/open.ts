/** Puts the back end together from the configuration and what the bootstrap left, and lets it work every few minutes. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Config } from '../../config/load.ts';
import type { Setting } from '../../analytics/ratio-model.ts';
import { codeOf, HashfleetError, messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { EmbeddedBackend } from '../backend.ts';
import { abacusBackend, type AbacusBackend } from './backend.ts';
import type { AbacusState } from './bootstrap.ts';
import { openPseudonym } from './rows.ts';
import { openSpool } from './spool.ts';

const deployment = z.looseObject({ projectId: z.string(), modelId: z.string(), deploymentId: z.string(), deploymentToken: z.string() });
const begun = z.object({ modelId: z.string().optional(), deploymentId: z.string().optional() });
const stateFile = z.object({
  version: z.literal(1), featureGroupId: z.string(), datasetId: z.string().optional(), streamingToken: z.string(),
  deployments: z.object({ hashrate_ratio: deployment.optional(), power_ratio: deployment.optional() }),
  unfinished: z.object({ hashrate_ratio: begun.optional(), power_ratio: begun.optional() }).optional(),
});

export function abacusFile(dataFolder: string): string {
  return path.join(dataFolder, 'abacus.json');
}

/** Undefined before the bootstrap. @throws HashfleetError config_invalid for a file that cannot be read; its content is in no message */
export function readAbacusState(dataFolder: string): AbacusState | undefined {
  const file = abacusFile(dataFolder);
  try {
    return stateFile.parse(JSON.parse(readFileSync(file, 'utf8'))) as AbacusState;
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw new HashfleetError('config_invalid', `${file} is damaged${thrown instanceof z.ZodError ? '' : ` (${codeOf(thrown) ?? 'no valid JSON'})`}. Remove it and run "hashfleet abacus bootstrap" again: it finds what there is.`);
  }
}

/** @throws HashfleetError config_invalid where it is asked for and was not made ready */
export function openAbacus({ ml: { backend, abacus } }: Config, { dataFolder, embedded, log, now }: { dataFolder: string | undefined; embedded: EmbeddedBackend; log: Logger; now?: () => number }): AbacusBackend | undefined {
  if (backend !== 'abacus') return undefined;
  const state = dataFolder === undefined ? undefined : readAbacusState(dataFolder);
  if (state === undefined) throw new HashfleetError('config_invalid', 'ml.backend: abacus needs what "hashfleet abacus bootstrap" makes in the data folder; run that first, or say "embedded".', { field: 'ml.backend' });
  const { featureGroupId, streamingToken, deployments } = state;
  const idsOf = ({ deploymentId, deploymentToken }: { deploymentId: string; deploymentToken: string }) => ({ deploymentId, deploymentToken });
  return abacusBackend({
    embedded, log, streaming: { featureGroupId, streamingToken },
    deployments: Object.fromEntries(Object.entries(deployments).map(([target, one]) => [target, idsOf(one)])),
    client: { server: abacus.server, requestsPerSecond: abacus.requests_per_second, callsPerDay: abacus.calls_per_day, timeoutMs: abacus.timeout_seconds * 1000, ...(now === undefined ? {} : { now }) },
    valuePath: abacus.value_path, refreshMs: abacus.refresh_minutes * 60_000, pseudonym: openPseudonym(dataFolder), spool: openSpool(dataFolder, { most: abacus.spool_rows, log }),
  });
}

/** Every way in which a miner of the fleet could run. */
export function settingsOf(fleet: Fleet): Setting[] {
  return [...fleet.all()].flatMap(({ config: { name: miner }, model, presets = [] }) => presets.flatMap(({ name: preset, hashrate, powerWatts, tuned }): Setting[] =>
    (tuned && hashrate !== undefined && powerWatts !== undefined && hashrate > 0 && powerWatts > 0 ? [{ miner, model, preset, promised: { hashrate, powerWatts }, inletTemperature: undefined }] : [])));
}

/** Ms after the start until it is asked for the first time: by then miners have told their presets. */
const firstMs = 60_000;

/** Works until the returned function is called. */
export function keepAsking(backend: AbacusBackend, { settings, refreshMs, log }: { readonly settings: () => readonly Setting[]; readonly refreshMs: number; readonly log: Logger }): () => void {
  const ask = () => void backend.refresh(settings()).catch((thrown: unknown) => log.error({ err: messageOf(thrown) }, 'Abacus could not be asked'));
  const first = setTimeout(ask, Math.min(firstMs, refreshMs)).unref();
  const timer = setInterval(ask, refreshMs).unref();
  return () => {
    clearTimeout(first);
    clearInterval(timer);
  };
}
