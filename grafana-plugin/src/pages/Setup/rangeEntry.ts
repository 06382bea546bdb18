export interface RangeEntry {
  /** As 192.168.1.0/24, 192.168.1.10-60 or single addresses, with commas between. */
  addresses: string;
  site: string;
  credentials: string;
}

const octet = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const address = `${octet}(\\.${octet}){3}`;
const oneRange = new RegExp(`^${address}(/(3[0-2]|[12]?\\d)|-${octet}|-${address})?(:\\d{1,5})?$`);
const plainName = /^[A-Za-z0-9._-]{1,63}$/;

/** The first part that is no range, with nothing of what was meant lost. */
export const wrongRange = (addresses: string): string | undefined =>
  addresses.split(',').map((part) => part.trim()).find((part) => !oneRange.test(part));

export const isPlainName = (name: string): boolean => plainName.test(name);

const quoted = (text: string): string => (/^[A-Za-z][A-Za-z0-9_-]*$/.test(text) && !/^(true|false|yes|no|on|off|null)$/i.test(text) ? text : JSON.stringify(text));

/** What fleet.yaml needs to find the miners of a range by itself. */
export function rangeYaml({ addresses, site, credentials }: RangeEntry): string {
  const list = addresses.split(',').map((part) => part.trim()).join(', ');
  return [
    'inventory:', '  ranges:', `    - addresses: ${JSON.stringify(list)}`, ...(site === '' ? [] : [`      site: ${quoted(site)}`]), ...(credentials === '' ? [] : [`      credentials: ${quoted(credentials)}`]),
    ...(site === '' ? [] : ['sites:', `  - name: ${quoted(site)}`]), '',
  ].join('\n');
}

/** The command that shows first what is there; it changes nothing. */
export const discoverCommand = (addresses: string): string => `node exporter/dist/cli/main.js discover ${addresses.split(',').map((part) => part.trim()).join(' ')}`;
