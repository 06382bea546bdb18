/** What the operator wrote of electricity, as tariffs in USD. */
import type { TimeTariff, Weekday } from '../analytics/tariff.ts';
import { minutesOf } from '../analytics/tariff.ts';
import type { Config } from '../config/load.ts';
import { weekdays, type MinerConfig, type SiteConfig } from '../config/schema.ts';

const everyDay: readonly Weekday[] = [0, 1, 2, 3, 4, 5, 6];

export interface Tariffs {
  ofSite(site: string): TimeTariff | undefined;
  /** With the miner's own meter correction. */
  of(miner: Pick<MinerConfig, 'site' | 'meter_correction_ratio'>): TimeTariff | undefined;
  /** IANA zone of the site; UTC for one that is gone. */
  zoneOf(site: string): string;
}

export function tariffsOf({ sites, currencies }: Pick<Config, 'sites' | 'currencies'>): Tariffs {
  const bySite = new Map(sites.map((site) => [site.name, { zone: site.timezone, tariff: siteTariff(site, currencies) }]));
  const ofSite = (site: string) => bySite.get(site)?.tariff;
  return {
    ofSite,
    of({ site, meter_correction_ratio: own }) {
      const tariff = ofSite(site);
      return tariff === undefined || own === undefined ? tariff : { ...tariff, meterRatio: own };
    },
    zoneOf: (site) => bySite.get(site)?.zone ?? 'UTC',
  };
}

function siteTariff({ timezone, electricity }: SiteConfig, currencies: Config['currencies']): TimeTariff | undefined {
  if (electricity === undefined) return undefined;
  const rate = electricity.currency === 'USD' ? 1 : currencies[electricity.currency]?.usd;
  const price = electricity.price_usd_per_kilowatt_hour ?? electricity.price_per_kilowatt_hour;
  // Both are checked when the configuration is read.
  if (rate === undefined || price === undefined) return undefined;
  return {
    zone: timezone, usdPerKilowattHour: price * rate, overheadRatio: electricity.cooling_overhead_ratio, meterRatio: electricity.meter_correction_ratio,
    windows: electricity.windows.map(({ days, from, to, price_per_kilowatt_hour: own }) => ({
      days: days?.map((day) => weekdays.indexOf(day) as Weekday) ?? everyDay, from: minutesOf(from), to: minutesOf(to), usdPerKilowattHour: own * rate,
    })),
  };
}
