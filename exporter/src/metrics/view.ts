/** A miner with everything worked out from it: what metrics and the API both show. */
import { advisePreset, type PresetAdvice } from '../advice/presets.ts';
import { boardDeviations, boardPresence, type BoardPresence } from '../analytics/boards.ts';
import { hashrateRatio, joulesPerMegahash } from '../analytics/efficiency.ts';
import { moneyOf, priceOf, type Money, type Price, type Tariff } from '../analytics/money.ts';
import { peerScores } from '../analytics/peers.ts';
import { phaseOf, type Phase } from '../analytics/phase.ts';
import type { Config } from '../config/load.ts';
import type { Fleet, Miner } from '../fleet/fleet.ts';
import type { Pools } from '../fleet/pools.ts';
import type { Reading } from '../miners/reading.ts';

export type PeerSignal = 'hashrate' | 'efficiency' | 'temperature';

export interface MinerView {
  readonly miner: Miner;
  /** The last good reading while it is fresh; absent once it is stale. */
  readonly reading?: Reading;
  readonly phase?: Phase;
  readonly boards: readonly BoardPresence[];
  readonly deviations: ReadonlyMap<number, number>;
  readonly efficiency?: number;
  readonly ratio?: number;
  readonly peers: Readonly<Partial<Record<PeerSignal, number>>>;
  readonly money: Money;
  readonly advice?: PresetAdvice;
}

export interface Views {
  of(miner: Miner): MinerView;
  /** Compares all miners with their like; call it once a round, never in a scrape. */
  comparePeers(): void;
}

export function createViews({ config, fleet, pools }: { config: Config; fleet: Fleet; pools: Pools }): Views {
  let scores: Readonly<Record<PeerSignal, ReadonlyMap<string, number>>> = { hashrate: new Map(), efficiency: new Map(), temperature: new Map() };
  const tariffs = new Map<string, Tariff>(config.sites.flatMap(({ name, electricity }) => (electricity === undefined ? [] : [[name, {
    usdPerKilowattHour: electricity.price_usd_per_kilowatt_hour, overheadRatio: electricity.cooling_overhead_ratio,
  }]])));

  function price(): Price | undefined {
    for (const pool of pools.all()) {
      const reading = pools.fresh(pool);
      if (reading?.btcPerMegahashDay !== undefined && config.prices.btc_usd !== undefined) {
        return priceOf({ btcPerMegahashDay: reading.btcPerMegahashDay, btcUsd: config.prices.btc_usd, feeRatio: reading.fees[pool.config.mode] });
      }
    }
    return priceOf({ manualUsdPerMegahashDay: config.prices.scrypt_usd_per_megahash_day });
  }

  return {
    of(miner) {
      const reading = fleet.isFresh(miner) ? miner.reading : undefined;
      const name = miner.config.name;
      const peers = Object.fromEntries(Object.entries(scores).flatMap(([signal, byMiner]) => {
        const score = reading === undefined ? undefined : byMiner.get(name);
        return score === undefined ? [] : [[signal, score]];
      }));
      if (reading === undefined) return { miner, boards: [], deviations: new Map(), peers, money: {} };
      const scrypt = reading.identity?.algorithm === 'scrypt' ? price() : undefined;
      const tariff = tariffs.get(miner.config.site);
      const [efficiency, ratio] = [joulesPerMegahash(reading), hashrateRatio(reading)];
      const phase = phaseOf(reading);
      const advice = scrypt === undefined || tariff === undefined || ratio === undefined || reading.preset === undefined || miner.presets === undefined ? undefined : advisePreset({
        presets: miner.presets, current: reading.preset.name, price: scrypt, tariff, hashrateRatio: Math.min(ratio, 1.1), leastGainUsdPerDay: config.advice.least_gain_usd_per_day,
      });
      return {
        miner, reading, peers,
        boards: boardPresence(reading),
        deviations: boardDeviations(reading.boards),
        money: moneyOf({ hashrate: earningHashrate(reading), powerWatts: reading.powerWatts }, scrypt, tariff),
        ...(phase === undefined ? {} : { phase }),
        ...(efficiency === undefined ? {} : { efficiency }),
        ...(ratio === undefined ? {} : { ratio }),
        ...(advice === undefined ? {} : { advice }),
      };
    },
    comparePeers() {
      const groups = new Map<string, Miner[]>();
      for (const miner of fleet.all()) {
        const { reading } = miner;
        // A miner that warms up or tunes, is curtailed or under repair is no measure for others.
        if (reading === undefined || miner.intent !== 'mine' || !fleet.isFresh(miner) || phaseOf(reading) !== 'steady') continue;
        const key = `${miner.model} ${reading.preset?.name ?? ''}`;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [miner]);
        else group.push(miner);
      }
      const compare = (signal: (reading: Reading) => number | undefined) => new Map([...groups.values()].flatMap((miners) => [...peerScores(new Map(miners.flatMap(({ config: { name }, reading }) => {
        const value = reading === undefined ? undefined : signal(reading);
        return value === undefined ? [] : [[name, value]];
      })))]));
      scores = {
        hashrate: compare((reading) => reading.hashrateAverage ?? reading.hashrate),
        efficiency: compare((reading) => joulesPerMegahash({ powerWatts: reading.powerWatts, hashrate: reading.hashrateAverage } as Reading)),
        temperature: compare((reading) => reading.chip.max),
      };
    },
  };
}

/** What works for the operator: the firmware's fee is paid in hashes. */
function earningHashrate({ hashrateAverage, hashrate, devfeeRatio = 0 }: Reading): number | undefined {
  const all = hashrateAverage ?? hashrate;
  return all === undefined ? undefined : all * (1 - devfeeRatio);
}
