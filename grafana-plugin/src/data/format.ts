import { formattedValueToString, getValueFormat } from '@grafana/data';

/** What stands where a value is unknown; zero would be a lie. */
export const unknown = '–';

const withUnit = (unit: string, decimals: number) => {
  const format = getValueFormat(unit);
  return (value: number | undefined): string => (value === undefined ? unknown : formattedValueToString(format(value, decimals)));
};

export const formatHashrate = withUnit('Hs', 2);
export const formatPower = withUnit('watt', 2);
export const formatRatio = (value: number | undefined): string => (value === undefined ? unknown : `${(value * 100).toFixed(1)} %`);
export const formatTemperature = (value: number | undefined): string => (value === undefined ? unknown : `${Math.round(value)} °C`);
export const formatEfficiency = (value: number | undefined): string => (value === undefined ? unknown : `${value.toFixed(3)} J/MH`);
export const formatMoney = (value: number | undefined): string =>
  value === undefined ? unknown : `${value < 0 ? '−' : ''}$${Math.abs(value).toFixed(2)}`;

/** A change with its sign: "+120 W". */
export const withSign = (value: number, format: (value: number) => string): string =>
  `${value > 0 ? '+' : value < 0 ? '−' : '±'}${format(Math.abs(value))}`;

/** "12 s", "3 min", "2 h", "4 d". */
export function formatDuration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) {
    return unknown;
  }
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) {
    return `${whole} s`;
  }
  if (whole < 90 * 60) {
    return `${Math.round(whole / 60)} min`;
  }
  return whole < 36 * 3600 ? `${Math.round(whole / 3600)} h` : `${Math.round(whole / 86_400)} d`;
}

export const secondsSince = (time: string | undefined, now: number): number | undefined =>
  time === undefined ? undefined : (now - Date.parse(time)) / 1000;
