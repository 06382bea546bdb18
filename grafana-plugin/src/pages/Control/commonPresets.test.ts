import { aPreset } from '../../test/builders';
import { commonPresets } from './commonPresets';

const list = (miner: string, presets: Array<ReturnType<typeof aPreset>>) => ({ miner, presets });

describe('presets of several miners', () => {
  it('are those that all of them have, by rising power', () => {
    const common = commonPresets([
      list('a', [aPreset(), aPreset({ name: '3100', powerWatts: 3100 }), aPreset({ name: '3570', powerWatts: 3570 })]),
      list('b', [aPreset({ name: '3100', powerWatts: 3100 }), aPreset()]),
    ]);
    expect(common.map((preset) => preset.name)).toEqual(['3100', '3360']);
  });

  it('count as tuned only when tuned everywhere, and show a hashrate only where all agree', () => {
    const [preset] = commonPresets([list('a', [aPreset({ current: true })]), list('b', [aPreset({ tuned: false, hashrate: 16e9 })])]);
    expect(preset).toMatchObject({ tuned: false, tunedOn: 1, currentOn: 1, powerWatts: 3360, hashrate: undefined });
  });

  it('are none without miners', () => {
    expect(commonPresets([])).toEqual([]);
  });
});
