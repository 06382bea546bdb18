/** Sums over the last slots of time: a ring that forgets by itself. Written to millions of times in a long run. */

// Bound here because a global is slow to look up inside a test runner's sandbox.
const { max, min } = Math;

/** Has no memory of its own before something is added: most workers have no stale share for days. */
export interface Ring { readonly slots: number; values: Float64Array; last: number }

const empty = new Float64Array(0);

export function createRing(slots: number): Ring {
  return { slots, values: empty, last: -1 };
}

/** Adds to a slot; one that has been forgotten already is left out. */
export function addToRing(ring: Ring, slot: number, value: number): void {
  if (ring.last === -1) ring.values = new Float64Array(ring.slots);
  const { values } = ring;
  const size = values.length;
  if (slot > ring.last) {
    if (slot - ring.last >= size) values.fill(0);
    else for (let between = ring.last + 1; between <= slot; between += 1) values[between % size] = 0;
    ring.last = slot;
  } else if (slot <= ring.last - size) return;
  values[slot % size] = (values[slot % size] ?? 0) + value;
}

/** Sum of the slots from `first` to `last`, both included. */
export function sumOfRing(ring: Ring, first: number, last: number): number {
  if (ring.last === -1) return 0;
  const { values } = ring;
  const size = values.length;
  let sum = 0;
  for (let slot = max(first, ring.last - size + 1, 0); slot <= min(last, ring.last); slot += 1) sum += values[slot % size] ?? 0;
  return sum;
}
