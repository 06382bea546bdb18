/**
 * When the windows of a schedule hold. They go by the local clock of an IANA zone, as tariffs do: an hour that the change to summer
 * time skips does not happen, so a window inside it does not either, and one that reaches over it is an hour shorter; an hour that
 * comes twice holds twice. Pure.
 */
import { localDay, minutesOf, zoneOffset } from '../analytics/tariff.ts';
import { weekdays, type ScheduleConfig } from '../config/schema.ts';

export type Calendar = Pick<ScheduleConfig, 'windows' | 'dates' | 'except_dates' | 'until'> & {
  /** IANA name. */
  readonly timezone: string;
};

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Whether a window holds at this time (Unix ms). Without windows and dates it always does, up to `until`. */
export function holdsAt({ windows, dates, except_dates: except, until, timezone }: Calendar, at: number): boolean {
  if (until !== undefined && at >= Date.parse(until)) return false;
  const local = new Date(at + zoneOffset(timezone, at));
  const minute = local.getUTCHours() * 60 + local.getUTCMinutes();
  const today = localDay(timezone, at);
  /** A window that began on this local day. */
  const begun = (day: string) => (dates?.includes(day) ?? true) && !(except ?? []).includes(day);
  if (windows.length === 0) return begun(today);
  const yesterday = new Date(Date.parse(`${today}T00:00:00Z`) - dayMs).toISOString().slice(0, 10);
  return windows.some(({ days, from, to }) => {
    const on = (day: number) => days?.includes(weekdays[(day + 7) % 7] ?? 'sun') ?? true;
    const [begin, end] = [minutesOf(from), minutesOf(to)];
    const sameDay = on(local.getUTCDay()) && begun(today) && minute >= begin;
    if (begin < end) return sameDay && minute < end;
    return sameDay || (on(local.getUTCDay() - 1) && begun(yesterday) && minute < end);
  });
}

/** Unix ms of the next time at which `holdsAt` changes, searched for `horizonMs`. */
export function nextChange(calendar: Calendar, now: number, horizonMs = 8 * dayMs): number | undefined {
  const present = holdsAt(calendar, now);
  // Windows begin and end at whole local minutes, which are whole minutes of UTC.
  for (let at = (Math.floor(now / minuteMs) + 1) * minuteMs; at <= now + horizonMs; at += minuteMs) {
    if (holdsAt(calendar, at) !== present) return at;
  }
  return undefined;
}
