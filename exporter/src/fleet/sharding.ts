/** Several exporters with one fleet.yaml: which of them reads a miner follows from its name alone. */
import { createHash } from 'node:crypto';

export interface Shard {
  /** From 0. */
  readonly index: number;
  /** How many exporters share the fleet. */
  readonly count: number;
}

/** One exporter for all. */
export const wholeFleet: Shard = { index: 0, count: 1 };

/**
 * Exactly what Prometheus' relabel action `hashmod` makes of the name (the last 8 bytes of its MD5 sum, modulo the count), so
 * that exporter and Prometheus agree without a word.
 */
export function shardOf(name: string, count: number): number {
  return Number(createHash('md5').update(name).digest().readBigUInt64BE(8) % BigInt(count));
}

export function holds({ index, count }: Shard, name: string): boolean {
  return count === 1 || shardOf(name, count) === index;
}
