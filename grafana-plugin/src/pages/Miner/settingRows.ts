import type { MinerSettings } from '../../api/types';

export interface SettingRow {
  section: string;
  name: string;
  value: string;
}

const textOf = (value: unknown): string => (typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));
/** "restart_temp" and "modifiedPsu" as words. */
const nameOf = (name: string): string => name.replaceAll('_', ' ').replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
const isPlain = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

/** Settings as a flat list: one row per value, by section. */
export function settingRows({ settings }: MinerSettings): SettingRow[] {
  const { pools, boards, ...rest } = settings;
  const general = Object.entries(rest).filter(([, value]) => isPlain(value)).map(([name, value]): SettingRow => ({ section: 'general', name: nameOf(name), value: textOf(value) }));
  const sections = Object.entries(rest).flatMap(([section, value]) =>
    typeof value === 'object' && value !== null ? Object.entries(value).filter(([, one]) => isPlain(one)).map(([name, one]): SettingRow => ({ section, name: nameOf(name), value: textOf(one) })) : []
  );
  return [
    ...general,
    ...pools.map(({ slot, url, user }): SettingRow => ({ section: 'pools', name: String(slot), value: `${url} (${user})` })),
    ...boards.map(({ board, frequencyHertz, disabled }): SettingRow => ({
      section: 'boards', name: String(board), value: [disabled === true ? 'off' : 'on', frequencyHertz === undefined ? undefined : `${Math.round(frequencyHertz / 1e6)} MHz`].filter(Boolean).join(', '),
    })),
    ...sections,
  ];
}
