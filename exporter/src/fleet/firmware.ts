/** Tells once of each miner that runs a firmware for which the exporter was not made. */
import type { Logger } from '../log.ts';
import type { Reading } from '../miners/reading.ts';
import type { Fleet } from './fleet.ts';

export function noticeFirmware(fleet: Fleet, log: Logger): void {
  const told = new Map<string, string>();
  // What a miner was said to run before the configuration was read anew is not said again.
  for (const { config: { name }, reading } of fleet.all()) if (reading?.firmwareSupport?.known === false) told.set(name, versionOf(reading));
  fleet.onUpdate(({ config: { name }, reading }) => {
    const { firmwareSupport: support, identity } = reading ?? {};
    if (reading === undefined || support === undefined) return;
    const version = support.known ? '' : versionOf(reading);
    if ((told.get(name) ?? '') === version) return;
    told.set(name, version);
    if (!support.known) log.warn({ miner: name, firmware: identity?.firmware, version: identity?.firmwareVersion, assumed: support.assumed }, 'the miner runs a firmware version that is not known; some values may be missing');
  });
}

function versionOf({ identity }: Reading): string {
  return `${identity?.firmware ?? ''} ${identity?.firmwareVersion ?? ''}`;
}
