/** Input series for promtool, a sample every 15 s. */
export const step = 15;

export type Series = Readonly<Record<string, string>>;

export const seconds = (text: string): number =>
  [...text.matchAll(/(\d+)([hms])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * { h: 3600, m: 60, s: 1 }[unit as 'h' | 'm' | 's'], 0);

/** Values held one after the other: `held([1, '5m'], [0, '10m'])`; `gone` ends the series with a stale marker. */
export function held(...parts: readonly (readonly [value: number | 'gone', time: string])[]): string {
  return parts.map(([value, time]) => {
    const samples = seconds(time) / step;
    return value === 'gone' ? `stale _x${samples - 1}` : `${value}+0x${samples - 1}`;
  }).join(' ');
}

/** A counter that grows by so much a minute, part by part. */
export function counted(...parts: readonly (readonly [perMinute: number, time: string])[]): string {
  let at = 0;
  return parts.map(([perMinute, time]) => {
    const samples = seconds(time) / step;
    const increment = perMinute / (60 / step);
    const text = `${at}+${increment}x${samples - 1}`;
    at += increment * samples;
    return text;
  }).join(' ');
}

const who = 'miner="l9-01",site="barn",model="Antminer L9"';

/** A series of miner l9-01. */
export const of = (metric: string, labels = ''): string => `${metric}{${who}${labels && `,${labels}`}}`;

export const minerLabels = { miner: 'l9-01', site: 'barn', model: 'Antminer L9' };

/** What a miner shows that mines as it should, except what a scenario is about. */
export const healthy: Series = {
  [of('miner_up')]: held([1, '3h']),
  [of('miner_info', 'firmware="vnish",firmware_version="1.2.7",address="192.0.2.11"')]: held([1, '3h']),
  [of('miner_state', 'state="mining"')]: held([1, '3h']),
  [of('miner_state_seconds')]: held([20_000, '3h']),
  [of('miner_intent', 'intent="mine"')]: held([1, '3h']),
};

/** The same series with others in place of some or added. */
export const but = (changes: Series, base: Series = healthy): Series => ({ ...base, ...changes });
