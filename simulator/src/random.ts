/**
 * Seeded randomness without hidden state: a draw is a function of a seed and an index, so the same seed and the same
 * simulated time give the same reply however often, and in whatever order, anybody looks.
 */

// Bound here because a global is slow to look up inside a test runner's sandbox.
const { PI, cos, exp, floor, imul, log, max, min, round, sqrt } = Math;

/** A 32-bit mix of seed and index (the finaliser of MurmurHash3, public domain). */
export function mix(seed: number, index: number): number {
  let h = (seed ^ imul(index | 0, 0x9e3779b1) ^ imul(floor(index / 4294967296), 0x85ebca6b)) >>> 0;
  h = imul(h ^ (h >>> 16), 0x85ebca6b);
  h = imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Uniform in [0, 1). */
export function uniform(seed: number, index: number): number {
  return mix(seed, index) / 4294967296;
}

/** Standard normal, by Box and Muller. */
export function normal(seed: number, index: number): number {
  const u = 1 - uniform(seed, index * 2);
  const v = uniform(seed, index * 2 + 1);
  return sqrt(-2 * log(u)) * cos(2 * PI * v);
}

/** A normal draw held within ±limit. */
export function boundedNormal(seed: number, index: number, limit = 1.6): number {
  return max(-limit, min(limit, normal(seed, index)));
}

/** Number of events of a Poisson process with the given mean; the draw is made with `uniformDraw` in [0, 1). */
export function poisson(mean: number, uniformDraw: number): number {
  if (mean <= 0) return 0;
  if (mean > 40) {
    // Tukey's lambda distribution with 0.14 is the normal quantile within 0.01.
    const z = 4.91 * (uniformDraw ** 0.14 - (1 - uniformDraw) ** 0.14);
    return max(0, round(mean + sqrt(mean) * z));
  }
  let count = 0;
  let term = exp(-mean);
  let cumulative = term;
  while (uniformDraw > cumulative && count < 400) {
    count += 1;
    term *= mean / count;
    cumulative += term;
  }
  return count;
}

/** A seed of its own for every name, so that streams do not meet. */
export function seedFor(seed: number, name: string): number {
  let h = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < name.length; i += 1) h = imul(h ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return mix(h, name.length);
}

/** Smooth noise in about [-1, 1]: random values at whole multiples of `periodMs`, joined by a cosine. */
export function smoothNoise(seed: number, timeMs: number, periodMs: number): number {
  const place = timeMs / periodMs;
  const left = floor(place);
  const blend = (1 - cos((place - left) * PI)) / 2;
  const from = uniform(seed, left) * 2 - 1;
  const to = uniform(seed, left + 1) * 2 - 1;
  return from + (to - from) * blend;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A string of letters and digits, as VNish's opaque tokens are (vnish-api.md 1.1). */
export function randomText(seed: number, index: number, length: number): string {
  let text = '';
  const own = mix(seed, index);
  for (let i = 0; i < length; i += 1) text += alphabet.charAt(mix(own, i) % alphabet.length);
  return text;
}
