/**
 * Every kind of pool that Hashfleet can read: the one table from which the schema of fleet.yaml, its checks, the adapters
 * (pools/adapters.ts) and the table in docs/configuration.md come.
 */

/** What a pool can tell at all; none can tell everything. `push`: news arrive by themselves between two reads. */
export const poolCapabilities = [
  'workers', 'worker_shares', 'worker_rejects', 'last_share', 'earnings_per_worker', 'balances', 'earned', 'payouts', 'prices', 'expected_income', 'network', 'blocks', 'push',
] as const;
export type PoolCapability = (typeof poolCapabilities)[number];

/** Keys of a pool's entry that only some pools know; `api_key` and `api_secret` stand for their three sources each. */
export const poolSettings = ['api_key', 'api_secret', 'organization', 'user', 'wamp_url'] as const;
export type PoolSetting = (typeof poolSettings)[number];
/** Those that are secrets; the others stand in fleet.yaml as they are. */
const secretSettings = ['api_key', 'api_secret'] as const;
type SecretSetting = (typeof secretSettings)[number];
const isSecret = (setting: PoolSetting): setting is SecretSetting => (secretSettings as readonly PoolSetting[]).includes(setting);

export interface PoolTypeFacts {
  readonly title: string;
  /** Where the pool answers. Empty: off unless fleet.yaml names an address. Nothing is dialled for a pool that is not in fleet.yaml. */
  readonly baseUrl: string;
  /** Domains of the addresses that miners connect to (prohashing-api.md, 4); of the others as their help pages name them. */
  readonly stratumHosts: readonly string[];
  readonly settings: Readonly<Partial<Record<PoolSetting, 'needed' | 'optional'>>>;
  /** What a person must write into a setting, for the message when it is missing. */
  readonly asks: string;
  /** A pool on another machine is not read more often than this. */
  readonly leastIntervalSeconds: number;
  readonly leastIntervalReason: string;
  /** With every setting given. */
  readonly tells: readonly PoolCapability[];
  /** What a person should know before relying on this pool. */
  readonly notice?: string;
}

export const poolTypes = {
  prohashing: {
    title: 'ProHashing',
    baseUrl: '',
    stratumHosts: ['prohashing.com'],
    settings: { api_key: 'optional', wamp_url: 'optional' },
    asks: 'an API key of the account\'s security page',
    leastIntervalSeconds: 60,
    leastIntervalReason: 'its clients asked once in 90 to 120 seconds and were told not to ask more than once a minute',
    tells: ['workers', 'worker_shares', 'last_share', 'balances', 'prices', 'blocks', 'push'],
    notice: 'ProHashing closed in November 2025; its former domain may belong to somebody else. Use another pool, and give this address no key unless you know who answers there',
  },
  litecoinpool: {
    title: 'litecoinpool.org',
    baseUrl: 'https://www.litecoinpool.org',
    stratumHosts: ['litecoinpool.org'],
    settings: { api_key: 'needed' },
    asks: 'the API key of the account page',
    leastIntervalSeconds: 60,
    leastIntervalReason: 'no limit is published; one document holds everything and its hashrates are means over minutes',
    tells: ['workers', 'worker_shares', 'worker_rejects', 'last_share', 'earnings_per_worker', 'balances', 'earned', 'prices', 'expected_income', 'network'],
  },
  viabtc: {
    title: 'ViaBTC',
    baseUrl: 'https://www.viabtc.net',
    stratumHosts: ['viabtc.io', 'viabtc.com', 'viabtc.net', 'viabtc.top'],
    settings: { api_key: 'needed', api_secret: 'optional' },
    asks: 'an API key of the account\'s API page',
    leastIntervalSeconds: 60,
    leastIntervalReason: 'no limit is published; a read is a request for each hundred workers and one for the account, and hashrates are means of ten minutes',
    tells: ['workers', 'last_share', 'balances', 'earned', 'payouts'],
  },
  f2pool: {
    title: 'F2Pool',
    baseUrl: 'https://api.f2pool.com',
    stratumHosts: ['f2pool.com', 'f2pool.io'],
    settings: { api_key: 'needed', user: 'needed' },
    asks: 'the API secret of the account and its mining user name',
    leastIntervalSeconds: 60,
    leastIntervalReason: 'no limit is published, and clients send one call at a time; its hashrates are means over minutes',
    tells: ['workers', 'worker_rejects', 'last_share', 'balances', 'earned', 'payouts'],
  },
  nicehash: {
    title: 'NiceHash',
    baseUrl: 'https://api2.nicehash.com',
    stratumHosts: ['nicehash.com'],
    settings: { api_key: 'needed', api_secret: 'needed', organization: 'needed' },
    asks: 'an API key with the permission "View mining data and statistics", its secret and the organization id, all of the account\'s API keys page',
    leastIntervalSeconds: 60,
    leastIntervalReason: 'no limit is published; a read is a request for each hundred rigs and three more, and speeds are means over minutes',
    tells: ['workers', 'balances', 'prices'],
  },
} as const satisfies Record<string, PoolTypeFacts>;

export type PoolType = keyof typeof poolTypes;
export const poolTypeNames = Object.keys(poolTypes) as [PoolType, ...PoolType[]];

export function factsOf(type: PoolType): PoolTypeFacts {
  return poolTypes[type];
}

/** This machine itself: 127.0.0.0/8, ::1 or localhost. */
function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(host);
}

/**
 * Where a key may travel unencrypted: this machine, or a container beside it, which has a name without dots. No public name is
 * written so.
 */
export function mayBePlain(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return isLoopback(host) || /^[a-z0-9_-]*[a-z_-][a-z0-9_-]*$/i.test(host);
}

/** What of an entry is looked at. */
export interface PoolEntry extends Readonly<Partial<Record<`${SecretSetting}_${'env' | 'file' | 'secret'}` | Exclude<PoolSetting, SecretSetting>, string | undefined>>> {
  readonly type: PoolType;
  readonly base_url: string;
  readonly wamp_url: string;
  readonly interval_seconds: number;
  readonly allow_plain_http: boolean;
}

/** What a pool's entry says that its type does not know, lacks, or must not do. */
export function poolMistakes(entry: PoolEntry): readonly { readonly key: string; readonly message: string }[] {
  const facts = factsOf(entry.type);
  const mistakes: { key: string; message: string }[] = [];
  const off = entry.base_url === '' && entry.wamp_url === '';
  const sources = (name: SecretSetting) => ([`${name}_env`, `${name}_file`, `${name}_secret`] as const).filter((key) => entry[key] !== undefined);
  for (const setting of poolSettings) {
    const given = isSecret(setting) ? sources(setting) : (entry[setting] ?? '') === '' ? [] : [setting];
    const place = isSecret(setting) ? `${setting}_env` : setting;
    const rule = facts.settings[setting];
    if (rule === undefined) for (const key of given) mistakes.push({ key, message: `does not go with type ${entry.type}, which knows ${Object.keys(facts.settings).join(', ')}` });
    if (rule === 'needed' && given.length === 0 && !off) mistakes.push({ key: place, message: `is missing: ${facts.title} tells nothing without ${facts.asks}` });
    if (given.length > 1) mistakes.push({ key: given[1] ?? place, message: `must not stand beside ${given[0] ?? ''}: only one of ${setting}_env, ${setting}_file and ${setting}_secret` });
  }
  for (const [key, url, encrypted] of [['base_url', entry.base_url, 'https:'], ['wamp_url', entry.wamp_url, 'wss:']] as const) {
    if (url === '' || url.startsWith(encrypted)) continue;
    if (!entry.allow_plain_http) {
      if (key === 'wamp_url') mistakes.push({ key, message: 'must begin with wss:// (or with allow_plain_http: true for a pool on your own machine)' });
    } else if (!mayBePlain(url)) mistakes.push({ key, message: `must begin with ${encrypted}//: the key travels unencrypted only to this machine (127.0.0.1, [::1], localhost) or to a container beside it (a name without dots), but this is "${new URL(url).hostname}"` });
  }
  if (entry.interval_seconds < facts.leastIntervalSeconds && !off && ![entry.base_url, entry.wamp_url].every((url) => url === '' || mayBePlain(url))) {
    mistakes.push({ key: 'interval_seconds', message: `must be at least ${facts.leastIntervalSeconds} for ${facts.title}, but it is ${entry.interval_seconds}: ${facts.leastIntervalReason}` });
  }
  return mistakes;
}

/** The table of docs/configuration.md. */
export function poolTypeTable(): string {
  const written = (setting: PoolSetting) => `\`${setting}${isSecret(setting) ? '_…' : ''}\``;
  const rows = poolTypeNames.map((type) => {
    const { title, baseUrl, settings, leastIntervalSeconds, tells } = factsOf(type);
    const asked = poolSettings.flatMap((setting) => (settings[setting] === undefined ? [] : [`${written(setting)}${settings[setting] === 'needed' ? '' : ' (may be left out)'}`]));
    return `| \`${type}\` | ${title} | ${baseUrl === '' ? 'none: off' : baseUrl} | ${asked.join(', ')} | ${leastIntervalSeconds} | ${tells.join(', ').replaceAll('_', ' ')} |`;
  });
  return ['| `type` | pool | `base_url` when absent | its keys | least interval, s | what it can tell |', '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
}
