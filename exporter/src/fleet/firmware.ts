/** Tells once of each miner that runs a firmware for which the exporter was not made. */
import type { Logger } from '../log.ts';
import type { Fleet } from './fleet.ts';

export function noticeFirmware(fleet: Fleet, log: Logger): void {
  const told = new Map<string, string>();
  fleet.onUpdate(({ config: { name }, reading }) => {
    const { firmwareSupport: support, identity } = reading ?? {};
    if (support === undefined) return;
    const version = support.known ? '' : `${identity?.firmware ?? ''} ${identity?.firmwareVersion ?? ''}`;
    if ((told.get(name) ?? '') === version) return;
    told.set(name, version);
    if (!support.known) log.warn({ miner: name, firmware: identity?.firmware, version: identity?.firmwareVersion, assumed: support.assumed }, 'the miner runs a firmware version that is not known; some values may be missing');
  });
}
