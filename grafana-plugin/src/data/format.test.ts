import { formatDuration, formatEfficiency, formatHashrate, formatMoney, formatPower, formatRatio, formatTemperature, unknown, withSign } from './format';

describe('numbers as people read them', () => {
  it('show what is unknown as unknown, never as zero', () => {
    for (const format of [formatHashrate, formatPower, formatRatio, formatTemperature, formatEfficiency, formatMoney, formatDuration]) {
      expect(format(undefined)).toBe(unknown);
    }
  });

  it('carry their units', () => {
    expect(formatHashrate(16.9e9)).toBe('16.90 GH/s');
    expect(formatPower(3360)).toBe('3.36 kW');
    expect(formatRatio(0.987)).toBe('98.7 %');
    expect(formatTemperature(70.4)).toBe('70 °C');
    expect(formatEfficiency(0.1987)).toBe('0.199 J/MH');
    expect(formatMoney(-1.234)).toBe('−$1.23');
    expect(withSign(-250, formatPower)).toBe('−250.00 W');
  });

  it.each([[5, '5 s'], [120, '2 min'], [7200, '2 h'], [200_000, '2 d']])('%d seconds are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});
