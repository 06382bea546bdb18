/** Advice in words: every one of them is built from a field. Pure. */
import type { Advice, Interval, MinerFacts } from './decision.ts';

const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;

/** "Saves 310 W (280 to 340)". */
function amount({ value, low, high }: Interval, { up, down, unit, scale }: { up: string; down: string; unit: string; scale: number }): string {
  const [least, most] = value >= 0 ? [low, high] : [-high, -low];
  const digits = scale === 1 ? 0 : 2;
  return `${value >= 0 ? up : down} ${(Math.abs(value) / scale).toFixed(digits)} ${unit} (${(least / scale).toFixed(digits)} to ${(most / scale).toFixed(digits)})`;
}

function likely(probability: number): string {
  if (probability > 0.99) return 'over 99 % likely to gain';
  return probability < 0.01 ? 'less than 1 % likely to gain' : `${(probability * 100).toFixed(0)} % likely to gain`;
}

export function adviceText({ miner = '', from = '', to = '', kind, expected, probability, breakevenUsdPerKilowattHour: even, evidence, binding = 'none', side }: Omit<Advice, 'text'>, { price, tariff }: MinerFacts): string {
  const said = [`${miner}: ${to === 'sleep' ? `stop (preset ${from} does not earn its power)` : from === 'sleep' ? `start on preset ${to}` : `preset ${from} → ${to}`}.`];
  if (expected !== undefined) {
    said.push(`${amount(expected.powerWatts, { up: 'Takes', down: 'Saves', unit: 'W', scale: 1 })}, ${amount(expected.hashrate, { up: 'brings', down: 'costs', unit: 'GH/s', scale: 1e9 })}.`);
    if (price !== undefined && tariff !== undefined && expected.usdPerDay !== undefined) {
      const { value, low, high } = expected.usdPerDay;
      said.push(`At $${price.usdPerMegahashDay.toPrecision(3)}/MH/day less ${percent(price.feeRatio)} fee and $${tariff.usdPerKilowattHour.toFixed(4)}/kWh with ${percent(tariff.overheadRatio)} cooling: ${value < 0 ? '-' : '+'}$${Math.abs(value).toFixed(2)}/day (80 %: ${low.toFixed(2)} to ${high.toFixed(2)})${probability === undefined ? '' : `, ${likely(probability)}`}.`);
    }
  }
  if (even !== undefined) said.push(`Worth it while power costs ${side === 'up' ? 'less' : 'more'} than $${even.toFixed(4)}/kWh.`);
  said.push(`Basis: ${evidence.hoursHere ?? 0} h on ${from}, ${evidence.hoursThere ?? 0} h on ${to}, ${evidence.modelHours} h of the fleet. Limit: ${binding.replace('_', ' ')}.`);
  if (kind === 'switcher_conflict') said.push('The lowest preset of the firmware\'s own switcher is above this, and it would climb back: lower that, or switch it off.');
  return said.join(' ');
}
