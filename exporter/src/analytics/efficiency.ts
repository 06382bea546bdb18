import { hashingStates, type Reading } from '../miners/reading.ts';
import { roundedOrNone } from './rounding.ts';

const hashesPerMegahash = 1e6;

/** J/MH = W / (MH/s); undefined while nothing is hashed. */
export function joulesPerMegahash({ powerWatts, hashrate }: Pick<Reading, 'powerWatts' | 'hashrate'>): number | undefined {
  return powerWatts === undefined || hashrate === undefined || hashrate <= 0 ? undefined : roundedOrNone(powerWatts / (hashrate / hashesPerMegahash));
}

/** Average hashrate over what the preset promises (1 is as promised); only while the miner hashes. */
export function hashrateRatio(reading: Reading): number | undefined {
  const promised = reading.preset?.hashrate ?? reading.hashrateNominal;
  if (reading.state === undefined || !hashingStates.has(reading.state) || promised === undefined || promised <= 0) return undefined;
  const average = reading.hashrateAverage ?? reading.hashrate;
  return average === undefined ? undefined : roundedOrNone(average / promised);
}
