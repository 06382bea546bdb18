/** What the operator writes in fleet.yaml. Every key that is not listed here is refused. */
import { z } from 'zod';
import { macPattern } from './mac.ts';
import { factsOf, poolTypeNames } from './pool-types.ts';

const name = z.string().regex(/^[A-Za-z0-9._-]{1,63}$/, 'letters, digits, ".", "_" and "-", at most 63 of them');
/** Share of a breaker's rating that may be drawn for hours. */
export const continuousLoadRatio = 0.8;

/** A name in the encrypted store. */
export const secretName = name;
const label = z.string().regex(/^[^"\\\n]{1,63}$/, 'at most 63 characters without quotes, backslashes or line breaks');
const positive = z.number().positive();

/** `host` or `host:port`; host is an IPv4 address, a bracketed IPv6 address or a DNS name. */
export const addressPattern = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::([0-9]{1,5}))?$/;
const isPort = (port: number) => port >= 1 && port <= 65_535;
const address = z.string().regex(addressPattern, 'host or host:port, for example 192.168.1.21 or 192.168.1.21:8080')
  .refine((text) => isPort(Number(addressPattern.exec(text)?.[1] ?? 80)), 'a port from 1 to 65535');

/** A secret is named by the environment variable, the file or the entry of the encrypted store that holds it, never written out. */
const oneSource = (stem: string) => (value: Record<string, unknown>) =>
  [`${stem}_env`, `${stem}_file`, `${stem}_secret`].filter((key) => value[key] !== undefined).length === 1;
const environmentVariable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable (letters, digits and "_"), not the secret itself');

const credentials = z.strictObject({
  password_env: environmentVariable.optional(),
  password_file: z.string().min(1).optional(),
  password_secret: secretName.optional(),
}).refine(oneSource('password'), 'exactly one of password_env, password_file and password_secret');

/** Any currency's: 1,000 a kWh is the dearest in small coin. */
const powerPrice = z.number().min(0).max(1000);
const currency = z.string().regex(/^[A-Z]{3}$/, 'three capitals as in EUR');
const clockTime = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'a local time in quotes, from "00:00" to "24:00"');
export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const tariffWindow = z.strictObject({
  days: z.array(z.enum(weekdays)).min(1).optional().describe('Days on which it begins; every day when absent'),
  from: clockTime,
  to: clockTime.describe('Before "from": it ends on the next day'),
  price_per_kilowatt_hour: powerPrice,
}).refine(({ from, to }) => from !== to, 'an end that differs from its beginning ("00:00" to "24:00" is a whole day)');
const electricity = z.strictObject({
  price_usd_per_kilowatt_hour: z.number().min(0).max(10).optional(),
  price_per_kilowatt_hour: powerPrice.optional().describe('In "currency"'),
  currency: currency.default('USD').describe('Of price_per_kilowatt_hour and of the windows; its rate is in the section "currencies"'),
  windows: z.array(tariffWindow).max(50).default([]).describe('Other prices at certain times; the first that holds counts'),
  cooling_overhead_ratio: z.number().min(0).max(5).default(0).describe('Extra power for cooling, as a share of the miners\' power'),
  meter_correction_ratio: z.number().min(0.5).max(2).default(1).describe('The own meter says so many times what the miners report'),
}).refine(({ price_usd_per_kilowatt_hour: usd, price_per_kilowatt_hour: own }) => (usd === undefined) !== (own === undefined), 'exactly one of price_usd_per_kilowatt_hour and price_per_kilowatt_hour')
  .refine(({ price_usd_per_kilowatt_hour: usd, currency: money }) => usd === undefined || money === 'USD', 'price_per_kilowatt_hour in place of price_usd_per_kilowatt_hour, since the currency is not USD');

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const site = z.strictObject({
  name,
  credentials: name.optional().describe('Password of its miners that name none themselves'),
  timezone: z.string().refine(isZone, 'an IANA time zone such as Europe/Berlin').default('UTC').describe('Of its tariff, and of the days in its books'),
  electricity: electricity.optional(),
  limit_watts: positive.max(1_000_000_000).optional().describe('Advice keeps all miners of the site below this'),
});

/** Each of these spellings names the same machine; see mac.ts. */
const mac = z.string().regex(new RegExp(`^any$|${macPattern.source}`), 'a MAC address such as 02:51:00:00:00:01, or "any"');

const time = z.iso.datetime({ offset: true });
const maintenance = z.union([z.boolean(), z.strictObject({
  from: time.optional(), until: time.optional(),
  reason: z.string().max(200).optional(), author: z.string().max(63).optional(),
}).refine(({ from, until }) => from === undefined || until === undefined || Date.parse(from) < Date.parse(until), 'an end that lies after its beginning')], 'true, false, or {from, until, reason, author} with times as in 2026-11-23T08:00:00+01:00');

export const minerSchema = z.strictObject({
  name,
  address,
  mac: mac.optional().describe('The machine that this entry is; "any": whatever answers at the address. Learned at first contact when absent'),
  driver: z.enum(['vnish', 'vnish-cgi', 'cgminer', 'push']).default('vnish').describe('vnish: VNish 1.2 and 1.3; vnish-cgi: VNish 3.x of the L3+; cgminer: any cgminer-like miner over TCP 4028, only read; push: an agent sends its readings, the address is only shown'),
  cgminer_port: z.number().int().min(1).max(65_535).optional().describe('With vnish-cgi: where the last resort listens; 4028 when absent'),
  hashrate_unit: z.enum(['MH/s', 'GH/s']).optional().describe('What the numbers of TCP 4028 are in, where the model does not tell'),
  site: name.optional(),
  rack: label.optional(),
  circuit: label.optional(),
  credentials: name.optional().describe('Which password; that of the site, or "default", when absent'),
  meter_correction_ratio: z.number().min(0.5).max(2).optional().describe('Its own meter says so many times what it reports; that of the site when absent'),
  pool_worker: z.string().min(1).max(128).optional().describe('Name of the miner at the pool; the miner\'s name when absent'),
  pool_aliases: z.array(z.string().min(1).max(128)).max(16).optional().describe('Other names under which a pool has it'),
  maintenance: maintenance.default(false).describe('true, or a window with from, until, reason and author: alerts about work keep silent'),
});

const range = z.strictObject({
  addresses: z.string().min(1).describe('As 192.168.1.0/24, 192.168.1.10-60, several with commas'),
  exclude: z.array(z.string().min(1)).default([]).describe('Addresses of the range that are left alone'),
  name: z.string().min(1).default('{model_code}-{mac_last}').describe('How a miner that is found is named, once and for good'),
  driver: z.enum(['vnish', 'vnish-cgi']).default('vnish'),
  site: name.optional(),
  rack: label.optional(),
  circuit: label.optional(),
  credentials: name.optional(),
  interval_seconds: z.number().min(1).max(86_400).default(600),
  max_miners: z.number().int().min(1).max(10_000).default(1000).describe('More than these are not taken in'),
});

const inventory = z.strictObject({
  files: z.array(z.string().min(1)).default([]).describe('Files with more miners; "*" in the last part of a path'),
  ranges: z.array(range).default([]),
  follow_addresses: z.boolean().optional().describe('Look for a miner that is gone at other addresses; when absent, only for miners of ranges'),
  search_after_seconds: z.number().min(1).max(86_400).default(300).describe('How long a miner must be out of reach before it is looked for'),
});

const withoutLogin = (url: string | undefined) => url === undefined || !URL.canParse(url) || (new URL(url).username === '' && new URL(url).password === '');

const pool = z.strictObject({
  name,
  type: z.enum(poolTypeNames),
  base_url: z.url({ protocol: /^https?$/ }).or(z.literal('')).optional().describe('The pool\'s own address when absent; empty: nothing is read over HTTP'),
  wamp_url: z.url({ protocol: /^wss?$/, error: 'an address that begins with wss://, for example wss://live.prohashing.com:443/ws' }).or(z.literal('')).default('').describe('With prohashing: where it pushes news, as wss://live.prohashing.com:443/ws; empty: off'),
  api_key_env: environmentVariable.optional(),
  api_key_file: z.string().min(1).optional(),
  api_key_secret: secretName.optional(),
  api_secret_env: environmentVariable.optional(),
  api_secret_file: z.string().min(1).optional(),
  api_secret_secret: secretName.optional(),
  user: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'letters, digits, ".", "_" and "-", at most 64 of them').optional().describe('With f2pool: the mining user name'),
  organization: z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'an organization id such as da41b3bc-3d0b-4226-b7ea-aee73f94a518').optional().describe('With nicehash: the organization id of the API keys page'),
  mode: z.enum(['pps', 'pplns', 'solo']).default('pplns'),
  stratum_hosts: z.array(z.string().regex(/^[a-z0-9.-]{1,253}$/, 'a host name or domain in small letters, for example ltc.viabtc.io')).min(1).optional().describe('Where miners connect to; the pool\'s own domains when absent'),
  interval_seconds: z.number().min(1).max(3600).default(120),
  pplns_window_hours: z.number().min(1).max(168).default(24).describe('The pool pays for the work of so many hours before'),
  allow_plain_http: z.boolean().default(false).describe('Lets the key travel unencrypted; only for a pool on your own machine'),
}).refine(({ base_url: url = '', allow_plain_http: plain }) => url === '' || url.startsWith('https:') || plain, 'a base_url with https:// (or allow_plain_http: true for a pool on your own machine)')
  .refine((value) => withoutLogin(value.base_url), 'a base_url without user name and password: it is shown in the log')
  .refine((value) => withoutLogin(value.wamp_url), 'a wamp_url without user name and password: it is shown in the log')
  .transform((value) => ({ ...value, base_url: value.base_url ?? factsOf(value.type).baseUrl }));

/** Which of them there are is checked where they are known, control/guard.ts. */
const actionName = z.string().regex(/^[a-z][a-z_]{0,62}$/, 'the name of an action, for example reboot');

const token = z.strictObject({
  name,
  scope: z.enum(['read', 'push', 'operate', 'admin']).describe('push: may send readings of miners with "driver: push" and nothing else'),
  token_env: environmentVariable.optional(),
  token_file: z.string().min(1).optional(),
  token_secret: secretName.optional(),
  actions: z.array(actionName).optional().describe('What it may do of what its scope allows; all of it when absent'),
  sites: z.array(name).optional().describe('Miners of these sites only; with "miners": those too'),
  miners: z.array(name).optional(),
}).refine(oneSource('token'), 'exactly one of token_env, token_file and token_secret');

const coin = z.string().regex(/^[A-Z0-9]{2,12}$/, 'a ticker in capitals such as LTC');
export const bases = ['pool_ledger', 'pool_ledger_week', 'pool_estimate', 'network_expectation', 'manual_price'] as const;
export const priceSources = ['pool', 'http', 'file', 'config'] as const;

const prices = z.strictObject({
  btc_usd: positive.optional().describe('USD for one BTC: turns the pool\'s BTC estimate into USD; the same as coins.BTC'),
  scrypt_usd_per_megahash_day: positive.optional().describe('Used when nothing better is known'),
  coins: z.record(coin, z.union([z.number().min(0), z.strictObject({ usd: z.number().min(0), as_of: z.iso.datetime({ offset: true }).or(z.iso.date()).optional() })], 'USD for one coin, or {usd, as_of}')).default({}),
  network: z.record(coin, z.strictObject({ difficulty: positive, block_reward: positive })).default({}).describe('Used where no pool tells it'),
  file: z.string().min(1).optional().describe('JSON or YAML: coin to USD, or to {usd, as_of}; watched'),
  http: z.strictObject({
    url: z.url({ protocol: /^https?$/ }),
    pointers: z.record(coin, z.string().regex(/^\//, 'a JSON pointer such as /litecoin/usd')),
    interval_seconds: z.number().min(10).max(86_400).default(300),
    allow_plain_http: z.boolean().default(false),
  }).refine(({ url, allow_plain_http: plain }) => url.startsWith('https:') || plain, 'a url with https:// (or allow_plain_http: true on your own machine)')
    .refine(({ url }) => !URL.canParse(url) || new URL(url).username === '', 'a url without user name and password').optional(),
  order: z.array(z.enum(priceSources)).min(1).default([...priceSources]).describe('The first that knows a price that is young enough'),
  max_age_seconds: z.number().min(60).max(604_800).default(7200).describe('A price that was read longer ago counts as missing'),
  basis_order: z.array(z.enum(bases)).min(1).default(['pool_ledger', 'pool_estimate', 'network_expectation', 'manual_price']).describe('Profit is made from the first that is known'),
});

const ratio = z.number().min(0).max(1);
/** Host, or host and port, of a pool; only the left-most label may be `*`, which stands for one or more labels. */
const poolHost = z.string().regex(/^(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::[0-9]{1,5})?$/, 'host or host:port in small letters, for example ltc.viabtc.io:3333 or *.viabtc.io');
const fourEyes = z.strictObject({
  actions: z.array(actionName).default([]).describe('Always need a second person'),
  above: z.number().int().min(0).max(100_000).optional().describe('So does any action on more miners than these'),
  expires_seconds: z.number().min(1).max(604_800).default(3600).describe('A request that nobody answers ends'),
  same_token: z.boolean().default(false).describe('True where all people come through one token, as through Grafana'),
}).refine(({ actions, above }) => actions.length > 0 || above !== undefined, 'actions, above or both; without them nothing needs a second person');
const controlWindow = z.strictObject({
  days: z.array(z.enum(weekdays)).min(1).optional().describe('Days on which it begins; every day when absent'),
  from: clockTime,
  to: clockTime.describe('Before "from": it ends on the next day'),
  timezone: z.string().refine(isZone, 'an IANA time zone such as Europe/Berlin').default('UTC'),
}).refine(({ from, to }) => from !== to, 'an end that differs from its beginning ("00:00" to "24:00" is a whole day)');

const group = z.strictObject({
  miners: z.array(name).optional().describe('By name'),
  expression: z.string().min(1).max(500).optional().describe('And those that fit, as state == "stopped" && site == "north"'),
}).refine(({ miners, expression }) => miners !== undefined || expression !== undefined, 'miners, an expression, or both');
const names = z.array(z.string().min(1).max(63)).min(1);
const scheduleWindow = z.strictObject({
  days: z.array(z.enum(weekdays)).min(1).optional().describe('Days on which it begins; every day when absent'),
  from: clockTime,
  to: clockTime.describe('Before "from": it ends on the next day'),
}).refine(({ from, to }) => from !== to, 'an end that differs from its beginning ("00:00" to "24:00" is a whole day)');

const deedNames = ['stop', 'resume', 'preset', 'throttle', 'limit_kilowatts'] as const;
const deed = z.strictObject({
  stop: z.literal(true).optional().describe('They do not mine'),
  resume: z.literal(true).optional().describe('They are left at full power: what schedules of lower priority took is given back'),
  preset: z.string().min(1).max(63).optional().describe('They run on this preset'),
  throttle: z.number().int().min(20).max(100).optional().describe('They run at so many percent of their power (VNish 1.3)'),
  limit_kilowatts: positive.max(1_000_000).optional().describe('All of them together draw no more, at the least loss of profit'),
  circuits_kilowatts: z.record(label, positive.max(100_000)).optional().describe('With limit_kilowatts: besides, no circuit draws more than this'),
  reserve_ratio: z.number().min(0).max(0.5).optional().describe('With limit_kilowatts: share of each limit that is kept free; 0.03 when absent'),
}).refine((value) => deedNames.filter((key) => value[key] !== undefined).length === 1, `exactly one of ${deedNames.join(', ')}`)
  .refine((value) => value.limit_kilowatts !== undefined || (value.circuits_kilowatts === undefined && value.reserve_ratio === undefined), 'limit_kilowatts beside circuits_kilowatts and reserve_ratio');

const schedulePrice = z.strictObject({
  source: z.union([
    z.literal('site'),
    z.strictObject({ file: z.string().min(1), pointer: z.string().regex(/^(?:\/.*)?$/).default('') }),
    z.strictObject({
      url: z.url({ protocol: /^https?$/ }), pointer: z.string().regex(/^(?:\/.*)?$/).default(''), interval_seconds: z.number().min(10).max(3600).default(60), allow_plain_http: z.boolean().default(false),
    }).refine(({ url, allow_plain_http: plain }) => url.startsWith('https:') || plain, 'a url with https:// (or allow_plain_http: true on your own machine)').refine(({ url }) => withoutLogin(url), 'a url without user name and password'),
  ], '"site", {file, pointer} or {url, pointer} with https://').default('site').describe('site: the tariff in its section electricity'),
  scale: positive.default(1).describe('A number of the file or url times this is USD per kWh; 0.001 for USD per MWh'),
  stop_above: z.number().min(-10).max(100).optional().describe('USD per kWh'),
  resume_below: z.number().min(-10).max(100).optional(),
  immediate_above: z.number().min(-10).max(100).optional().describe('Above this there is no waiting'),
  break_even: z.boolean().optional().describe('In place of stop_above: each miner for itself, while no preset of it earns what its power costs'),
  break_even_margin_ratio: z.number().min(0).max(0.9).default(0.05).describe('It comes back once the price is so much below what it earns'),
  window_minutes: z.number().min(1).max(60).default(5),
  windows_above: z.number().int().min(1).max(100).default(2).describe('So many windows in a row above before it begins'),
  windows_below: z.number().int().min(1).max(100).default(4).describe('So many windows in a row below before it ends'),
  minimum_off_minutes: z.number().min(0).max(1440).optional().describe('It lasts so long at least; 120 with break_even, else 0'),
  max_age_seconds: z.number().min(60).max(86_400).default(900).describe('A price that was read longer ago is not known'),
  release_after_hours: z.number().min(0.1).max(168).optional().describe('A price that is unknown for so long ends it; it holds when absent'),
}).refine(({ break_even: even, stop_above: above, resume_below: below }) => (even === true ? above === undefined && below === undefined : above !== undefined && below !== undefined), 'either break_even: true, or both stop_above and resume_below')
  .refine(({ stop_above: above = 0, resume_below: below = 0 }) => below <= above, 'a resume_below that is not above stop_above')
  .refine(({ stop_above: above = -10, immediate_above: atOnce = 100 }) => atOnce >= above, 'an immediate_above that is not below stop_above');

/** A wish about miners that holds at certain times or prices (docs/schedules.md). */
export const scheduleSchema = z.strictObject({
  name,
  description: z.string().max(200).optional(),
  enabled: z.boolean().default(true),
  priority: z.number().int().min(0).max(1000).default(100).describe('Of two that want different things of a miner, the higher counts'),
  site: name.optional().describe('All miners of the site'),
  select: z.strictObject({ names: names.optional(), site: names.optional(), rack: names.optional(), circuit: names.optional(), model: names.optional(), group: names.optional(), expression: z.string().min(1).max(500).optional() }).optional().describe('Or the miners that fit every property given'),
  timezone: z.string().refine(isZone, 'an IANA time zone such as Europe/Berlin').optional().describe('Of the windows; that of the site, else UTC, when absent'),
  windows: z.array(scheduleWindow).max(50).default([]).describe('When it holds; always when empty'),
  dates: z.array(z.iso.date()).min(1).max(1000).optional().describe('Only windows that begin on these local days'),
  except_dates: z.array(z.iso.date()).max(1000).optional().describe('No windows that begin on these'),
  price: schedulePrice.optional().describe('It holds only while power is dear'),
  do: deed,
  until: time.optional().describe('From then on it is over'),
  restore_gap_seconds: z.number().min(0).max(3600).default(60).describe('Least time between two circuits that are given back their power'),
  resume_within_seconds: z.number().min(0).max(2_592_000).default(86_400).describe('After a longer absence of the exporter nothing is started by itself'),
}).refine(({ site: one, select: chosen }) => (one === undefined) !== (chosen === undefined), 'either "site" or "select"')
  .refine(({ price: dear, do: { stop } }) => dear?.break_even !== true || stop === true, '"do: {stop: true}" with break_even')
  .refine(({ price: dear, site: one }) => dear?.source !== 'site' || dear.break_even === true || one !== undefined, '"site" with a price of source site: whose tariff else');

export const fleetSchema = z.strictObject({
  sites: z.array(site).prefault([{ name: 'default' }]),
  secrets: z.strictObject({
    store: z.string().min(1).default('secrets.enc').describe('The encrypted store, relative to fleet.yaml'),
    key_file: z.string().min(1).optional().describe('File of mode 0600 with its key; else HASHFLEET_SECRETS_KEY_FILE or HASHFLEET_SECRETS_KEY'),
  }).prefault({}),
  credentials: z.record(name, credentials).default({}),
  miners: z.array(minerSchema).optional(),
  inventory: inventory.optional(),
  groups: z.record(name, group).default({}).describe('Names for sets of miners, for selections of control'),
  pools: z.array(pool).default([]),
  prices: prices.prefault({}),
  prometheus: z.strictObject({
    url: z.url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://, for example http://127.0.0.1:9090' }).refine(withoutLogin, 'a url without user name and password: it is shown in reports and errors'),
  }).optional().describe('Where reports of the API read what was measured, and what advice is trained on'),
  ml: z.strictObject({
    nightly: z.boolean().default(true).describe('Train every night, as long as prometheus.url is set'),
    nightly_hour: z.number().int().min(0).max(23).default(3).describe('Hour of the day, UTC'),
    train_days: z.number().int().min(2).max(365).default(30).describe('Days of hours to learn from'),
    max_age_days: z.number().int().min(1).max(90).default(7).describe('A promoted model whose hours ended longer ago is not in force'),
    backend: z.enum(['embedded', 'abacus']).default('embedded').describe('"abacus" asks Abacus.AI too, and goes by the embedded model wherever that does not answer'),
    abacus: z.strictObject({
      server: z.url({ protocol: /^https?$/, error: 'an address that begins with https://, for example https://api.abacus.ai' }).refine(withoutLogin, 'a url without user name and password').refine((url) => !url.startsWith('http:') || ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname), 'a url with https:// (http:// only on your own machine): key and tokens travel to it').default('https://api.abacus.ai'),
      table: z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/, 'at most 63 letters, digits and underscores, a letter first').default('hashfleet_hours').describe('Name of the streaming table'),
      refresh_minutes: z.number().min(1).max(1440).default(10).describe('How often it is asked, and told what waits'),
      requests_per_second: z.number().min(0.01).max(20).default(2),
      calls_per_day: z.number().int().min(1).max(1_000_000).default(2000).describe('After so many it is left alone until midnight UTC'),
      timeout_seconds: z.number().min(0.1).max(60).default(3),
      retention_hours: z.number().int().min(24).max(87_600).default(8760).describe('How long it keeps rows'),
      spool_rows: z.number().int().min(100).max(1_000_000).default(100_000).describe('Rows that wait on disk while it is away; the oldest go first'),
      value_path: z.string().min(1).max(200).optional().describe('Where the number is in a prediction, as "result.value"; its column, else its first number, when absent'),
    }).prefault({}),
  }).prefault({}),
  currencies: z.record(currency, z.strictObject({ usd: positive.describe('USD for one unit'), as_of: z.iso.date() })).default({}),
  poll: z.strictObject({
    interval_seconds: z.number().min(1).max(3600).default(15),
    deadline_seconds: z.number().min(0.1).max(60).default(5),
    concurrency: z.number().int().min(1).max(4096).default(64),
    slow_interval_seconds: z.number().min(1).max(86_400).default(60).describe('How often the preset in use is read'),
    chips_interval_seconds: z.number().min(0).max(86_400).default(300).describe('How often every chip is read; 0 is never'),
    settings_interval_seconds: z.number().min(0).max(86_400).default(600).describe('How often settings are read, to notice what others changed; 0 is never'),
  }).prefault({}),
  api: z.strictObject({
    tokens: z.array(token).default([]),
    hosts: z.array(z.string().regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, 'a host name in small letters without a port, for example miners.example.org')).default([]).describe('Public names under which the API is reached; addresses and private names need no entry'),
    tls: z.strictObject({
      cert_file: z.string().min(1).describe('The certificate, with those between it and its authority, in PEM; relative to fleet.yaml'),
      key_file: z.string().min(1),
      client_ca_file: z.string().min(1).optional().describe('Only clients with a certificate of this authority are let in'),
    }).optional(),
  }).prefault({}),
  control: z.strictObject({
    enabled: z.boolean().default(false),
    read_only: z.boolean().default(false),
    allow_miners: z.array(name).optional().describe('Only these may be acted on; all when absent'),
    allow_sites: z.array(name).optional(),
    allow_pool_urls: z.array(poolHost).optional().describe('Only these may be set as pools; the stratum hosts of the section "pools" when absent'),
    allow_pool_workers: z.array(z.string().regex(/^\S{1,128}$/, 'a pattern without blanks, for example account.{miner} or account.*')).optional().describe('Only workers that fit one of these; accounts that the fleet works for when absent'),
    four_eyes: fourEyes.optional(),
    step_up_actions: z.array(actionName).default([]).describe('Need an admin who types the target, beside those that always do'),
    batch_size: z.number().int().min(1).max(1000).default(10),
    batch_pause_seconds: z.number().min(0).max(600).default(5),
    cooldown_seconds: z.number().min(0).max(86_400).default(60).describe('Least time between two disruptive actions on one miner'),
    verify_interval_seconds: z.number().min(0.1).max(60).default(5),
    max_in_flight: z.number().int().min(1).max(10_000).default(100).describe('At most so many miners at once that were acted on and are not read back yet'),
    min_mining_fleet: z.number().int().min(0).max(100_000).default(0).describe('So many miners stay mining'),
    min_mining_fleet_ratio: ratio.default(0),
    min_mining_site: z.number().int().min(0).max(100_000).default(0),
    min_mining_site_ratio: ratio.default(0),
    circuit_starts_at_once: z.number().int().min(1).max(1000).default(1).describe('Starts, resumes and reboots on one circuit at a time'),
    circuit_start_gap_seconds: z.number().min(0).max(3600).default(10),
    daily_cap: z.number().int().min(1).max(1000).default(12).describe('Most disruptive actions on one miner in 24 hours'),
    windows: z.array(controlWindow).max(50).default([]).describe('When miners may be disturbed; always when empty'),
    canary_above: z.number().int().min(1).max(100_000).default(3).describe('Preset changes and reboots of more miners begin with one a model'),
    stop_after_failures: z.number().int().min(1).max(100_000).default(5),
    stop_failure_ratio: z.number().min(0.01).max(1).default(0.5),
    roll_back: z.boolean().default(true).describe('A preset with which the miner fails is taken back, once'),
    fan_floor_percent: z.number().int().min(0).max(100).default(0).describe('The action "cooling" sets no fan slower than this'),
    firmware_folder: z.string().min(1).optional().describe('Where firmware files for the action "firmware_update" lie, relative to fleet.yaml'),
    backups_kept: z.number().int().min(1).max(1000).default(10).describe('Backups of settings kept for each miner'),
    resume_within_seconds: z.number().min(0).max(86_400).default(900).describe('A job that an end of the exporter cut in two goes on when it is not older'),
  }).prefault({}),
  advice: z.strictObject({
    least_gain_usd_per_day: z.number().min(0).default(0.05).describe('Below this a change is not worth advising'),
    least_gain_ratio: z.number().min(0).max(1).default(0.03).describe('Nor below this share of the present profit'),
    allow_sleep: z.boolean().default(false).describe('Advise to stop a miner that earns its power on no preset'),
    temperature_limit_celsius: z.number().min(50).max(100).default(84).describe('Hottest chip that is accepted'),
    least_preset_watts: positive.optional().describe('No preset below this is advised'),
    most_preset_watts: positive.optional().describe('No preset above this is advised'),
    psu_watts: z.record(label, positive.max(20_000)).default({}).describe('W that the power supply is rated for, by model; nothing is advised beyond 90 % of it'),
  }).prefault({}),
  circuits: z.record(label, z.strictObject({
    breaker_watts: positive.max(1_000_000).describe('W that the breaker is rated for; 80 % of it may be drawn for hours'),
    inrush_reserve_ratio: ratio.default(0.1).describe('Share of the largest member that is kept free for its start'),
  })).default({}).describe('What advice may load them with'),
  schedules: z.array(scheduleSchema).max(200).default([]),
});

export type FleetConfig = z.output<typeof fleetSchema>;
/** One entry as it is written. */
export type MinerEntry = z.output<typeof minerSchema>;
/** What one more file of miners holds. */
export const minerListSchema = z.array(minerSchema);
export const minerFileSchema = z.strictObject({ miners: minerListSchema });
export type InventoryConfig = z.output<typeof inventory>;
export type RangeConfig = InventoryConfig['ranges'][number];

/** Where a miner's entry comes from: fleet.yaml, a file of inventory.files, an address range, the API. */
export const origins = ['static', 'file', 'range', 'api'] as const;
export type Origin = (typeof origins)[number];

/** One miner of the fleet. */
export type MinerConfig = MinerEntry & {
  readonly site: string;
  readonly credentials: string;
  readonly origin: Origin;
  /** Where its entry stands, as `fleet.yaml:12`. */
  readonly place?: string;
  /** The address of its entry, where the miner has moved away from it. */
  readonly configuredAddress?: string;
};
export type MaintenanceConfig = MinerConfig['maintenance'];
export type SiteConfig = FleetConfig['sites'][number];
export type PoolConfig = FleetConfig['pools'][number];
export type ElectricityConfig = NonNullable<SiteConfig['electricity']>;
export type PricesConfig = FleetConfig['prices'];
export type Basis = (typeof bases)[number];
export type PriceSource = (typeof priceSources)[number];
export type TokenConfig = FleetConfig['api']['tokens'][number];
export type GroupsConfig = FleetConfig['groups'];
export type ScheduleConfig = z.output<typeof scheduleSchema>;
export type ControlConfig = FleetConfig['control'];
export type Scope = TokenConfig['scope'];
