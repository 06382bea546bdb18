/**
 * What electricity costs at which time. Windows are by weekday and local time of an IANA zone, so that both changes to and from
 * daylight saving come out right: the hour that is skipped costs nothing, the one that comes twice is paid twice. Pure.
 */

/** 0 is Sunday. */
export type Weekday = 0 | 1 | 2 | 3 | 4 | 5 | 6;

export interface TariffWindow {
  /** Days on which it begins. */
  readonly days: readonly Weekday[];
  /** Minutes after local midnight; a window that ends before it begins ends on the next day. */
  readonly from: number;
  readonly to: number;
  readonly usdPerKilowattHour: number;
}

export interface TimeTariff {
  /** IANA name. */
  readonly zone: string;
  /** When no window holds. */
  readonly usdPerKilowattHour: number;
  /** The first that holds counts. */
  readonly windows: readonly TariffWindow[];
  /** Extra power for cooling, as a share. */
  readonly overheadRatio: number;
  /** The own meter says so many times what the miners report. */
  readonly meterRatio: number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
const minutesPerDay = 1440;
/** Zones change their distance to UTC only at whole quarters of an hour. */
const quarterMs = 15 * minuteMs;

/** Bounded memos of a pure function: finding a zone's offset takes microseconds, and each poll of each miner asks. */
const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();
const mostOffsets = 5000;

/** Ms that local time is ahead of UTC. @throws RangeError for a zone that is unknown. */
export function zoneOffset(zone: string, at: number): number {
  const quarter = Math.floor(at / quarterMs) * quarterMs;
  const key = `${zone} ${quarter}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(quarter).map(({ type, value }) => [type, Number(value)]));
  const local = Date.UTC(parts['year'] ?? 0, (parts['month'] ?? 1) - 1, parts['day'] ?? 1, parts['hour'] ?? 0, parts['minute'] ?? 0, parts['second'] ?? 0);
  if (offsets.size >= mostOffsets) offsets.clear();
  offsets.set(key, local - quarter);
  return local - quarter;
}

/** `2026-11-23`, in local time. */
export function localDay(zone: string, at: number): string {
  return new Date(at + zoneOffset(zone, at)).toISOString().slice(0, 10);
}

/** Unix ms at which a local day begins: its first moment, where midnight itself is skipped. */
export function dayStart(zone: string, day: string): number {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // Zones lie 12 hours behind to 14 ahead of UTC.
  let [early, late] = [midnight - 15 * 3_600_000, midnight + 15 * 3_600_000];
  while (late - early > quarterMs) {
    const middle = Math.floor((early + late) / 2 / quarterMs) * quarterMs;
    if (middle <= early) break;
    if (localDay(zone, middle) < day) early = middle;
    else late = middle;
  }
  return late;
}

export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + dayMs).toISOString().slice(0, 10);
}

/** USD per kWh at a time. */
export function priceAt(tariff: TimeTariff, at: number): number {
  if (tariff.windows.length === 0) return tariff.usdPerKilowattHour;
  const local = at + zoneOffset(tariff.zone, at);
  const weekday = new Date(local).getUTCDay();
  const minute = Math.floor((((local % dayMs) + dayMs) % dayMs) / minuteMs);
  const holds = ({ days, from, to }: TariffWindow) => {
    const on = (day: number) => days.includes((((day % 7) + 7) % 7) as Weekday);
    if (from < to) return on(weekday) && minute >= from && minute < to;
    return (on(weekday) && minute >= from) || (on(weekday - 1) && minute < to);
  };
  return tariff.windows.find(holds)?.usdPerKilowattHour ?? tariff.usdPerKilowattHour;
}

/** Mean price of a steady load from one time (Unix ms) to another, exact to the ms. */
export function meanPrice(tariff: TimeTariff, from: number, to: number): number {
  if (tariff.windows.length === 0 || to <= from) return priceAt(tariff, from);
  let sum = 0;
  for (let at = from; at < to;) {
    // Windows begin and end at whole local minutes, which are whole minutes of UTC.
    const end = Math.min(to, (Math.floor(at / minuteMs) + 1) * minuteMs);
    sum += priceAt(tariff, at) * (end - at);
    at = end;
  }
  return sum / (to - from);
}

/** Mean price of the local day that holds this time: what a load costs that runs around the clock. */
export function dayPrice(tariff: TimeTariff, at: number): number {
  if (tariff.windows.length === 0) return tariff.usdPerKilowattHour;
  const day = localDay(tariff.zone, at);
  return meanPrice(tariff, dayStart(tariff.zone, day), dayStart(tariff.zone, nextDay(day)));
}

/** `22:30` to minutes after midnight; `24:00` is the end of the day. */
export function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return Math.min(hours * 60 + minutes, minutesPerDay);
}
