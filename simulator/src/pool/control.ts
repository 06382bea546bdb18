/** The pools' part of the control port: `/sim/pools`, `/sim/market`, `/sim/elsewhere`. */
import { Refused } from '../refused.ts';
import { payModes, payRules } from './account.ts';
import { amountText } from './amounts.ts';
import type { Crew } from './crew.ts';
import type { House } from './house.ts';
import { kinds, poolKinds } from './kinds.ts';
import { isMinedCoin, isPricedCoin, minedCoins, pricedCoins } from './market.ts';
import type { Market } from './market.ts';
import { isPoolMode, poolModes } from './pool.ts';
import type { Pool } from './pool.ts';
import { isWampMode, wampModes } from './wamp/router.ts';

export interface PoolWorld {
  readonly pools: readonly Pool[];
  readonly house: House;
  readonly orphans: Crew;
  readonly clock: { now(): number };
  advance(): void;
}

interface Asked { readonly method: string; readonly parts: readonly string[]; readonly body: Readonly<Record<string, unknown>> }

function numberIn(value: unknown, allowed: { readonly name: string; readonly least: number; readonly most?: number }): number {
  const { name, least, most = Infinity } = allowed;
  if (typeof value !== 'number' || !(value >= least) || value > most) throw new Refused(400, `${name} must be a number from ${least}${most === Infinity ? '' : ` to ${most}`}; got ${JSON.stringify(value)}`);
  return value;
}

function oneOf<Value extends string>(value: unknown, name: string, allowed: readonly Value[]): Value {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Refused(400, `${name} must be one of ${allowed.join(', ')}; got ${JSON.stringify(value)}`);
  return found;
}

function truth(pool: Pool, timeMs: number): object {
  const { coins, workers, payouts, blocks, settledMs, lateDifficulty } = pool.ledger.truth(timeMs);
  return {
    settledMs, lateDifficulty, blocks,
    // Units of 1e-8 coin, and as text for people.
    coins: Object.fromEntries(minedCoins.map((coin) => [coin, { ...coins[coin], balanceText: amountText(coins[coin].balance), creditedText: amountText(coins[coin].credited) }])),
    workers, payouts,
  };
}

function describe(pool: Pool, timeMs: number): object {
  const { ledger } = pool;
  return {
    kind: pool.kind, url: pool.url, apiKey: pool.apiKey, secretKey: pool.secretKey, user: pool.user, organization: pool.organization, stratum: kinds[pool.kind].stratum, mode: pool.mode(), wampMode: pool.wamp?.mode() ?? null,
    pay: ledger.pay(), fees: Object.fromEntries(payModes.map((mode) => [mode, ledger.fee(mode, timeMs)])), poolHashrate: ledger.poolHashrate(timeMs), workers: Object.fromEntries(ledger.workerHashrates(timeMs)),
  };
}

function answerWorkers({ orphans }: PoolWorld, pool: Pool, { method, parts, body }: Asked): unknown {
  const [name] = parts;
  if (method === 'DELETE' && name !== undefined) {
    if (!orphans.workers().some((worker) => worker.name === name)) throw new Refused(404, `there is no worker ${name} without a machine`);
    orphans.remove(name);
    return { removed: name };
  }
  if (method === 'GET' && name === undefined) return orphans.workers().filter(({ url }) => url === kinds[pool.kind].stratum);
  if (method !== 'POST' || name !== undefined) throw new Refused(405, `${method} is not possible here`);
  const wanted = body['name'];
  if (typeof wanted !== 'string' || !/^[A-Za-z0-9_.-]+$/.test(wanted)) throw new Refused(400, 'name must be letters, digits, dot, dash or underscore');
  if (orphans.workers().some((worker) => worker.name === wanted)) throw new Refused(409, `there is already a worker ${wanted}`);
  const worker = body['worker'];
  orphans.add({
    name: wanted, worker: typeof worker === 'string' ? worker : wanted, hashesPerSecond: numberIn(body['hashesPerSecond'], { name: 'hashesPerSecond', least: 1 }), url: kinds[pool.kind].stratum,
  });
  return { added: wanted };
}

/** What a POST may do to a pool, by the last part of the path. */
async function turn(pool: Pool, { parts: [what = ''], body }: Asked, timeMs: number): Promise<unknown> {
  const { ledger } = pool;
  switch (what) {
    case 'mode': {
      const { mode } = body;
      if (!isPoolMode(mode)) throw new Refused(400, `mode must be one of ${poolModes.join(', ')}`);
      await pool.setMode(mode);
      return describe(pool, timeMs);
    }
    case 'wamp': {
      const { mode } = body;
      if (pool.wamp === null) throw new Refused(400, `${pool.kind} has no WAMP router`);
      if (!isWampMode(mode)) throw new Refused(400, `mode must be one of ${wampModes.join(', ')}`);
      pool.wamp.setMode(mode);
      return describe(pool, timeMs);
    }
    case 'fee':
      ledger.setFee(oneOf(body['mode'], 'mode', payModes), numberIn(body['fee'], { name: 'fee', least: 0, most: 1 }), body['fromMs'] === undefined ? timeMs : numberIn(body['fromMs'], { name: 'fromMs', least: 0 }));
      return describe(pool, timeMs);
    case 'pay':
      ledger.setPay(oneOf(body['pay'], 'pay', payRules));
      return describe(pool, timeMs);
    case 'hashrate':
      ledger.setPoolHashrate(numberIn(body['hashesPerSecond'], { name: 'hashesPerSecond', least: 0 }), timeMs);
      return describe(pool, timeMs);
    case 'payout': {
      const { coin } = body;
      if (coin !== undefined && !isMinedCoin(coin)) throw new Refused(400, `coin must be one of ${minedCoins.join(', ')}`);
      return ledger.payOut(timeMs, coin);
    }
    case 'hangup': {
      const { worker } = body;
      if (worker !== undefined && typeof worker !== 'string') throw new Refused(400, 'worker must be text');
      return { hungUp: ledger.hangUp(worker) };
    }
    default:
      throw new Refused(404, 'a pool has mode, wamp, fee, pay, hashrate, payout, hangup, workers, requests and truth');
  }
}

function answerPool(world: PoolWorld, asked: Asked, timeMs: number): unknown {
  const { pools } = world;
  const [kind, what, ...rest] = asked.parts;
  if (kind === undefined) return pools.map((pool) => describe(pool, timeMs));
  const pool = pools.find((one) => one.kind === kind);
  if (pool === undefined) throw new Refused(404, poolKinds.some((one) => one === kind) ? `the pool ${kind} does not run; start the simulator with a port for it` : `there is no pool ${kind}; there are ${poolKinds.join(', ')}`);
  if (what === 'workers') return answerWorkers(world, pool, { ...asked, parts: rest });
  if (what === 'requests') {
    if (asked.method === 'DELETE') pool.clearRequests();
    return { requests: pool.requests(), wamp: pool.wamp?.log() ?? [] };
  }
  if (asked.method === 'POST') return turn(pool, { ...asked, parts: what === undefined ? [] : [what] }, timeMs);
  if (asked.method !== 'GET') throw new Refused(405, `${asked.method} is not possible here`);
  if (what === undefined) return describe(pool, timeMs);
  if (what === 'truth') return truth(pool, timeMs);
  throw new Refused(404, `a pool has no ${what} to read`);
}

function answerMarket(market: Market, { method, body }: Asked, timeMs: number): object {
  if (method === 'POST') {
    const { prices = {}, difficulties = {} } = body;
    if (typeof prices !== 'object' || prices === null || typeof difficulties !== 'object' || difficulties === null) throw new Refused(400, 'prices and difficulties must be objects by coin');
    const changes: (() => void)[] = [];
    for (const [coin, value] of Object.entries(prices)) {
      if (!isPricedCoin(coin)) throw new Refused(400, `prices are of ${pricedCoins.join(', ')}, not of ${coin}`);
      const usd = numberIn(value, { name: `prices.${coin}`, least: 1e-9 });
      changes.push(() => market.setPrice(coin, usd, timeMs));
    }
    for (const [coin, value] of Object.entries(difficulties)) {
      if (!isMinedCoin(coin)) throw new Refused(400, `difficulties are of ${minedCoins.join(', ')}, not of ${coin}`);
      const difficulty = numberIn(value, { name: `difficulties.${coin}`, least: 1e-9 });
      changes.push(() => market.setDifficulty(coin, difficulty, timeMs));
    }
    for (const change of changes) change();
  } else if (method !== 'GET') throw new Refused(405, `${method} is not possible here`);
  return {
    prices: Object.fromEntries(pricedCoins.map((coin) => [coin, market.priceUsd(coin, timeMs)])), difficulties: Object.fromEntries(minedCoins.map((coin) => [coin, market.difficulty(coin, timeMs)])),
    usdPerMegahashDay: market.usdPerMegahashDay(timeMs),
  };
}

/** @throws Refused */
export function answerSim(world: PoolWorld, asked: Asked): unknown {
  const timeMs = world.clock.now();
  world.advance();
  world.house.settle(timeMs);
  const [, room = '', ...rest] = asked.parts;
  switch (room) {
    case 'pools':
      return answerPool(world, { ...asked, parts: rest }, timeMs);
    case 'market':
      return answerMarket(world.house.market, asked, timeMs);
    case 'elsewhere':
      return world.house.elsewhere();
    default:
      throw new Refused(404, 'there are /sim/pools, /sim/market and /sim/elsewhere');
  }
}
