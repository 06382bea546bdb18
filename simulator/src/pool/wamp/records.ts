/** What ProHashing's WAMP calls and topics say (prohashing-api.md 2.4), made from the same account as its REST side. Times in Unix ms. */
import { seedFor, smoothNoise, uniform } from '../../random.ts';
import type { Account, Block } from '../account.ts';
import { coinsOf } from '../amounts.ts';
import type { Market } from '../market.ts';
import { chains, minedCoins } from '../market.ts';
import { shownPoolHashrate } from '../prohashing.ts';

export interface MinerRecord {
  readonly uuid: string;
  readonly miner_name: string;
  readonly algorithm_name: string;
  readonly coin_name: string | null;
  readonly hashrate: number;
  readonly difficulty: number;
  readonly difficulty_is_static: boolean;
  readonly share_count: number;
  readonly all_time_share_count: number;
  readonly miner_hardware: string | null;
}

export interface Source { readonly account: Account; readonly market: Market; readonly seed: number }

/** One record for each connection; two may have the same name. */
export function minerRecords({ account }: Source, timeMs: number): MinerRecord[] {
  return account.connections(timeMs).map(({ uuid, worker, hashrate, difficulty, fixedDifficulty, shares, workerShares }) => ({
    uuid, miner_name: worker, algorithm_name: 'Scrypt', coin_name: 'Litecoin', hashrate, difficulty, difficulty_is_static: fixedDifficulty, share_count: shares,
    all_time_share_count: workerShares, miner_hardware: null,
  }));
}

/** By full coin name; a coin that is paid out has vanished, as in the REST side. */
export function balances({ account }: Source, timeMs: number): Record<string, number> {
  return Object.fromEntries(minedCoins.map((coin) => [chains[coin].name, coinsOf(account.coin(coin, timeMs).balance)] as const).filter(([, amount]) => amount !== 0));
}

/** Prices are worked out anew once a minute. */
export const profitabilityMs = 60_000;

/** USD and BTC for 1 MH/s and a day, by algorithm id; of Neoscrypt the best coin is below the present, as it was in the sample. */
export function profitability({ market, seed }: Source, timeMs: number): Record<string, Record<string, string | number>> {
  const dataMs = Math.floor(timeMs / profitabilityMs) * profitabilityMs;
  const btcUsd = market.priceUsd('BTC', dataMs);
  const usual: readonly (readonly [string, string, number, number])[] = [
    ['1', 'Scrypt', market.usdPerMegahashDay(dataMs), 1.4], ['2', 'SHA-256', 4.9e-8, 1.5], ['4', 'X11', 1.2e-5, 1.4], ['8', 'Neoscrypt', 0.0031, 0.92],
  ];
  return Object.fromEntries(usual.map(([id, name, mean, best], place) => {
    const usd = id === '1' ? mean : mean * (1 + 0.1 * smoothNoise(seed + 270 + place, dataMs, 86_400_000));
    const both = (kind: string, factor: number) => ({ [`${kind}usd`]: usd * factor, [`${kind}btc`]: (usd * factor) / btcUsd });
    return [id, {
      algorithm_name: name, ...both('', 1), ...both('max_', best), ...both('percentile_', 0.95),
      data_timestamp: dataMs / 1000 + 0.4959, server_timestamp: dataMs / 1000 + 3.3438, server_id: 3 + (Math.floor(dataMs / profitabilityMs) % 2),
    }];
  }));
}

export function general({ account, seed }: Source, timeMs: number): object {
  return {
    subscriptions_count: 2100 + Math.round(60 * smoothNoise(seed + 281, timeMs, 1_800_000)) + account.connections(timeMs).length,
    total_hashrate_computed_onlys: { 'Scrypt': shownPoolHashrate(account, seed, timeMs), 'SHA-256': 1.021e15, 'X11': 4.022e12 },
  };
}

export function blockRecord({ market }: Source, block: Block): object {
  const value = coinsOf(block.rewardUnits);
  return {
    coin_name: chains[block.coin].name, algorithm: 'Scrypt', block_height: block.height, worker_name: block.worker, share_diff: block.shareDifficulty,
    coinbase_value: value, snapshot_value_usd: Number((value * market.priceUsd(block.coin, block.timeMs)).toFixed(2)),
  };
}

export interface Published { readonly topic: string; readonly args: readonly object[] }

/** Tells what has changed since it was last asked. */
export interface News {
  /** Takes all that is so now as known. */
  forget(timeMs: number): void;
  gather(timeMs: number): readonly Published[];
}

/** An event has so many records at most. */
const recordsAnEvent = 4;

export function createNews(source: Source, apiKey: string): News {
  const { account, seed } = source;
  let told = new Map<string, MinerRecord>();
  let credited = { LTC: 0, DOGE: 0 };
  let blocksTold = 0;
  let priceMinute = 0;
  let gathered = 0;

  /** Of what has changed a part now, the rest another time. */
  const diffOf = (record: MinerRecord): Partial<MinerRecord> | undefined => {
    const before = told.get(record.uuid);
    const changed = (Object.keys(record) as (keyof MinerRecord)[]).filter((field) => before?.[field] !== record[field] && field !== 'uuid');
    if (changed.length === 0) return undefined;
    const own = seedFor(seed, record.uuid);
    const some = changed.filter((_, place) => uniform(own + 291, gathered * 16 + place) < 0.7);
    const sent = some.length > 0 ? some : changed.slice(0, 1);
    const diff = Object.fromEntries(sent.map((field) => [field, record[field]])) as Partial<MinerRecord>;
    told.set(record.uuid, { ...before, ...diff, uuid: record.uuid } as MinerRecord);
    return { uuid: record.uuid, ...diff };
  };

  const inEvents = (topic: string, records: readonly object[]): Published[] => {
    const events: Published[] = [];
    for (let first = 0; first < records.length; first += recordsAnEvent) events.push({ topic, args: records.slice(first, first + recordsAnEvent) });
    return events;
  };

  const minerNews = (timeMs: number): Published[] => {
    const records = minerRecords(source, timeMs);
    const present = new Set(records.map(({ uuid }) => uuid));
    for (const uuid of told.keys()) if (!present.has(uuid)) told.delete(uuid);
    const changes = records.flatMap((record) => {
      const diff = diffOf(record);
      return diff === undefined ? [] : [{ record, diff }];
    });
    return [...inEvents(`miner_update_diffs_${apiKey}`, changes.map(({ diff }) => diff)), ...inEvents(`miner_updates_${apiKey}`, changes.map(({ record }) => record))];
  };

  /** Increments, never a fall: that a coin was paid out is told by nobody. */
  const balanceNews = (): Published[] => {
    const increments = minedCoins.flatMap((coin) => {
      const { credited: now } = account.coin(coin, 0);
      const increment = now - credited[coin];
      credited[coin] = now;
      return increment > 0 ? [{ coin: chains[coin].name, balance: coinsOf(increment) }] : [];
    });
    return inEvents(`balance_updates_${apiKey}`, increments);
  };

  const blockNews = (): Published[] => {
    const found = account.blocks().slice(blocksTold);
    blocksTold = account.blocks().length;
    return inEvents('found_block_updates', found.map((block) => blockRecord(source, block)));
  };

  /** Some algorithms, and of each some fields; Scrypt's price and its time are always there. */
  const priceNews = (timeMs: number): Published[] => {
    const minute = Math.floor(timeMs / profitabilityMs);
    if (minute === priceMinute) return [];
    priceMinute = minute;
    const kept = ([id, record]: [string, Record<string, string | number>], place: number) => {
      if (id !== '1' && uniform(seed + 295, minute * 8 + place) < 0.5) return [];
      const always = ['usd', 'btc', 'data_timestamp'];
      return [[id, Object.fromEntries(Object.entries(record).filter(([field], which) => always.includes(field) || uniform(seed + 296, minute * 64 + place * 16 + which) < 0.6))] as const];
    };
    return [{ topic: 'profitability_updates', args: [Object.fromEntries(Object.entries(profitability(source, timeMs)).flatMap(kept))] }, { topic: 'general_updates', args: [general(source, timeMs)] }];
  };

  return {
    forget: (timeMs) => {
      told = new Map(minerRecords(source, timeMs).map((record) => [record.uuid, record]));
      credited = { LTC: account.coin('LTC', timeMs).credited, DOGE: account.coin('DOGE', timeMs).credited };
      blocksTold = account.blocks().length;
      priceMinute = Math.floor(timeMs / profitabilityMs);
    },
    gather: (timeMs) => {
      gathered += 1;
      return [...minerNews(timeMs), ...balanceNews(), ...blockNews(), ...priceNews(timeMs)];
    },
  };
}
