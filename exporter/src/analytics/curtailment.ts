/**
 * Which miners draw less, and how, so that a limit in watts holds and the least is lost: a multiple-choice knapsack (intelligence.md,
 * 4.4, 3). Up to some dozens of miners it is solved exactly on steps of 10 W, in which watts are rounded up: the limit holds for
 * certain, and at most 10 W a miner stay unused. Beyond that by Lagrange multipliers. Both tell how far from the best they can be
 * at most. Pure.
 */

/** One way in which a miner could run. */
export interface CurtailOption {
  /** W at the wall of the miner. */
  readonly watts: number;
  /** What it brings, in any unit that all miners share: USD of profit a day, or H/s where money is not known. */
  readonly value: number;
  /** The miner does not mine then. */
  readonly off: boolean;
}

export interface CurtailMiner {
  readonly name: string;
  readonly circuit?: string | undefined;
  /** At least one; the first is how it runs when nothing limits it. A miner that must be left alone has only that one. */
  readonly options: readonly CurtailOption[];
}

export interface CurtailLimits {
  /** W of all miners together. */
  readonly watts: number;
  /** W by circuit. */
  readonly circuits?: ReadonlyMap<string, number> | undefined;
  /** So many miners at most may be off of those that could mine; any number when absent. */
  readonly mostOff?: number | undefined;
}

export interface Curtailment {
  /** Place of the chosen option by miner. */
  readonly choice: ReadonlyMap<string, number>;
  readonly watts: number;
  /** In the unit of the values, against every miner's first option. */
  readonly lost: number;
  /** False where even the least that is allowed draws more than the limits; that least is chosen then. */
  readonly fits: boolean;
  /** So much less than `lost` would be possible at most. */
  readonly gap: number;
  readonly method: 'exact' | 'bounded';
}

/** W. */
export const stepWatts = 10;
/** Steps of work above which multipliers are used: about a second on one core. */
const exactUpTo = 40_000_000;
const bisections = 60;

/** @throws RangeError for a miner without options */
export function curtail(miners: readonly CurtailMiner[], limits: CurtailLimits, mostWork = exactUpTo): Curtailment {
  const empty = miners.find(({ options }) => options.length === 0);
  if (empty !== undefined) throw new RangeError(`${empty.name} has no option to choose from`);
  const first = new Map(miners.map(({ name }) => [name, 0]));
  if (holds(miners, first, limits)) return result(miners, first, { fits: true, gap: 0, method: 'exact' });
  const least = leastOf(miners, limits.mostOff);
  if (!holds(miners, least, limits)) return result(miners, least, { fits: false, gap: 0, method: 'exact' });
  const { choice: near, bound } = byMultipliers(miners, limits, least);
  const exact = exactly(miners, limits, mostWork);
  const better = exact !== undefined && valueOf(miners, exact) >= valueOf(miners, near);
  const choice = better ? exact : near;
  return result(miners, choice, { fits: true, gap: Math.max(0, bound - valueOf(miners, choice)), method: exact === undefined ? 'bounded' : 'exact' });
}

const optionOf = ({ name, options }: CurtailMiner, choice: ReadonlyMap<string, number>) => options[choice.get(name) ?? 0] ?? { watts: 0, value: 0, off: true };
const wattsOf = (miners: readonly CurtailMiner[], choice: ReadonlyMap<string, number>) => miners.reduce((sum, miner) => sum + optionOf(miner, choice).watts, 0);
const valueOf = (miners: readonly CurtailMiner[], choice: ReadonlyMap<string, number>) => miners.reduce((sum, miner) => sum + optionOf(miner, choice).value, 0);
const couldMine = ({ options }: CurtailMiner) => options.some(({ off }) => !off);

function result(miners: readonly CurtailMiner[], choice: ReadonlyMap<string, number>, rest: Pick<Curtailment, 'fits' | 'gap' | 'method'>): Curtailment {
  const full = miners.reduce((sum, { options }) => sum + (options[0]?.value ?? 0), 0);
  return { choice, watts: wattsOf(miners, choice), lost: full - valueOf(miners, choice), ...rest };
}

function holds(miners: readonly CurtailMiner[], choice: ReadonlyMap<string, number>, { watts, circuits, mostOff }: CurtailLimits): boolean {
  if (wattsOf(miners, choice) > watts) return false;
  if (mostOff !== undefined && miners.filter((miner) => couldMine(miner) && optionOf(miner, choice).off).length > mostOff) return false;
  return [...circuits ?? []].every(([circuit, most]) => wattsOf(miners.filter((miner) => miner.circuit === circuit), choice) <= most);
}

/** The least watts that may be: those are off whose rest saves most. */
function leastOf(miners: readonly CurtailMiner[], mostOff = Infinity): Map<string, number> {
  const lowest = ({ options }: CurtailMiner, withOff: boolean) => options.reduce((best, { watts, off }, place) => ((withOff || !off) && (options[best] === undefined || watts < options[best].watts) ? place : best), -1);
  const savings = miners.filter(couldMine).map((miner) => {
    const [running, any] = [lowest(miner, false), lowest(miner, true)];
    return { name: miner.name, running, any, saved: (miner.options[running]?.watts ?? 0) - (miner.options[any]?.watts ?? 0) };
  }).sort((a, b) => b.saved - a.saved);
  const choice = new Map(miners.map((miner) => [miner.name, lowest(miner, true)]));
  savings.forEach(({ name, running, any, saved }, rank) => choice.set(name, rank < mostOff && saved > 0 ? any : running));
  return choice;
}

/** A part of the miners: what they draw (in steps), how many of them are off, what they bring, and how it came about. */
interface Part {
  readonly steps: number;
  readonly off: number;
  readonly value: number;
  readonly parts?: readonly [Part, Part];
  readonly chosen?: readonly [name: string, place: number];
}

/** Undefined where that would take too long, or where rounding up leaves nothing that fits. */
function exactly(miners: readonly CurtailMiner[], { watts, circuits, mostOff }: CurtailLimits, mostWork: number): Map<string, number> | undefined {
  const counted = mostOff !== undefined && mostOff < miners.filter(couldMine).length ? mostOff : undefined;
  const room = Math.floor(watts / stepWatts);
  const choices = miners.reduce((sum, { options }) => sum + options.length, 0);
  if (choices * room * ((counted ?? 0) + 1) > mostWork) return undefined;
  const leaf = (miner: CurtailMiner): Part[] => miner.options.map(({ watts: own, value, off }, place) => ({
    steps: Math.ceil(own / stepWatts), value, off: counted !== undefined && off && couldMine(miner) ? 1 : 0, chosen: [miner.name, place],
  }));
  const limited = (miner: CurtailMiner) => (miner.circuit === undefined ? undefined : circuits?.get(miner.circuit));
  let all: Part[] = [{ steps: 0, off: 0, value: 0 }];
  for (const [circuit, most] of circuits ?? []) {
    let own: Part[] = [{ steps: 0, off: 0, value: 0 }];
    for (const miner of miners.filter((one) => one.circuit === circuit)) own = joined(own, leaf(miner), { room: Math.min(room, Math.floor(most / stepWatts)), mostOff: counted });
    if (all.length * own.length > mostWork) return undefined;
    all = joined(all, own, { room, mostOff: counted });
  }
  for (const miner of miners.filter((one) => limited(one) === undefined)) all = joined(all, leaf(miner), { room, mostOff: counted });
  const best = all.reduce<Part | undefined>((most, one) => (most === undefined || one.value > most.value ? one : most), undefined);
  if (best === undefined) return undefined;
  const choice = new Map<string, number>();
  for (const open = [best]; open.length > 0;) {
    const { parts = [], chosen } = open.pop() ?? best;
    open.push(...parts);
    if (chosen !== undefined) choice.set(...chosen);
  }
  return choice;
}

/** All pairs that fit, without those that another one beats: by off count, then growing watts, then growing value. */
function joined(left: readonly Part[], right: readonly Part[], { room, mostOff = 0 }: { room: number; mostOff?: number | undefined }): Part[] {
  const width = room + 1;
  const values = new Float64Array(width * (mostOff + 1)).fill(-Infinity);
  const origins = new Int32Array(values.length).fill(-1);
  for (let i = 0; i < left.length; i += 1) {
    const a = left[i];
    if (a === undefined) continue;
    for (let j = 0; j < right.length; j += 1) {
      const b = right[j];
      if (b === undefined || a.steps + b.steps > room || a.off + b.off > mostOff) continue;
      const cell = (a.off + b.off) * width + a.steps + b.steps;
      if (a.value + b.value <= (values[cell] ?? -Infinity)) continue;
      values[cell] = a.value + b.value;
      origins[cell] = i * right.length + j;
    }
  }
  const kept: Part[] = [];
  for (let off = 0; off <= mostOff; off += 1) {
    let best = -Infinity;
    for (let steps = 0; steps <= room; steps += 1) {
      const value = values[off * width + steps] ?? -Infinity;
      if (value <= best) continue;
      best = value;
      const origin = origins[off * width + steps] ?? 0;
      const [a, b] = [left[Math.floor(origin / right.length)], right[origin % right.length]];
      if (a !== undefined && b !== undefined) kept.push({ steps, off, value, parts: [a, b] });
    }
  }
  return kept;
}

/** Prices on watts, raised until the limits hold; what is left is filled up. `bound` is what no choice can exceed. */
function byMultipliers(miners: readonly CurtailMiner[], limits: CurtailLimits, least: ReadonlyMap<string, number>): { choice: ReadonlyMap<string, number>; bound: number } {
  const steepest = Math.max(1e-9, ...miners.flatMap(({ options }) => options.flatMap((a) => options.map((b) => (a.watts > b.watts ? (a.value - b.value) / (a.watts - b.watts) : 0)))));
  const groups = grouped(miners);
  let bound = Infinity;

  function best({ options }: CurtailMiner, price: number): number {
    return options.reduce((place, { watts, value }, index) => {
      const known = options[place] ?? { watts: 0, value: 0 };
      const [mine, other] = [value - price * watts, known.value - price * known.watts];
      return mine > other || (mine === other && watts < known.watts) ? index : place;
    }, 0);
  }
  const allBest = (group: readonly CurtailMiner[], price: number) => group.map((miner): [string, number] => [miner.name, best(miner, price)]);

  /** The least price at which it fits, from below. */
  function pricedOut(fits: (price: number) => boolean): number {
    if (fits(0)) return 0;
    let [low, high] = [0, steepest * 2];
    for (let round = 0; round < bisections; round += 1) {
      const middle = (low + high) / 2;
      if (fits(middle)) high = middle;
      else low = middle;
    }
    return high;
  }

  function chosenAt(price: number): Map<string, number> {
    const choice = new Map<string, number>();
    let sum = price * limits.watts;
    for (const [circuit, group] of groups) {
      const most = circuit === undefined ? undefined : limits.circuits?.get(circuit);
      const extra = most === undefined ? 0 : pricedOut((more) => wattsOf(group, new Map(allBest(group, price + more))) <= most);
      for (const [name, place] of allBest(group, price + extra)) choice.set(name, place);
      sum += extra * (most ?? 0) + group.reduce((total, miner) => {
        const { value, watts } = optionOf(miner, choice);
        return total + value - (price + extra) * watts;
      }, 0);
    }
    bound = Math.min(bound, sum);
    return choice;
  }

  const price = pricedOut((one) => wattsOf(miners, chosenAt(one)) <= limits.watts);
  const priced = chosenAt(price);
  // A floor of running miners has no price here: where it binds, the search begins from the least that keeps it.
  return { choice: filled(miners, limits, holds(miners, priced, limits) ? priced : least), bound };
}

function grouped(miners: readonly CurtailMiner[]): Map<string | undefined, CurtailMiner[]> {
  const found = new Map<string | undefined, CurtailMiner[]>();
  for (const miner of miners) {
    const group = found.get(miner.circuit);
    if (group === undefined) found.set(miner.circuit, [miner]);
    else group.push(miner);
  }
  return found;
}

/** Gives what room is left to those who make the most of each watt. */
function filled(miners: readonly CurtailMiner[], { watts, circuits, mostOff = Infinity }: CurtailLimits, from: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const choice = new Map(from);
  let room = watts - wattsOf(miners, choice);
  let offs = miners.filter((miner) => couldMine(miner) && optionOf(miner, choice).off).length;
  const rooms = new Map([...circuits ?? []].map(([circuit, most]) => [circuit, most - wattsOf(miners.filter((miner) => miner.circuit === circuit), choice)]));
  const steps = miners.flatMap((miner) => {
    const now = optionOf(miner, choice);
    return miner.options.map((option, place) => ({ miner, option, place, more: option.watts - now.watts, gain: option.value - now.value })).filter(({ gain }) => gain > 0);
  }).sort((a, b) => b.gain / Math.max(b.more, 1e-9) - a.gain / Math.max(a.more, 1e-9));
  for (const { miner, option, place } of steps) {
    const now = optionOf(miner, choice);
    const more = option.watts - now.watts;
    const here = miner.circuit === undefined ? Infinity : rooms.get(miner.circuit) ?? Infinity;
    const off = Number(option.off) - Number(now.off);
    if (option.value <= now.value || more > room || more > here || (couldMine(miner) && offs + off > mostOff)) continue;
    choice.set(miner.name, place);
    room -= more;
    if (couldMine(miner)) offs += off;
    if (miner.circuit !== undefined && rooms.has(miner.circuit)) rooms.set(miner.circuit, here - more);
  }
  return choice;
}
