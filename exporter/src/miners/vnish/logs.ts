/** The miner's logs, `/logs/{type}` (vnish-api.md, 3): lines, and what the known texts mean; pure. */
import { defined } from '../../defined.ts';
import type { LogEvent, LogLine } from '../log-line.ts';

/** The newest lines of a log are enough: ten minutes of a miner in trouble are a few hundred. */
const mostLines = 2000;
const longestLine = 500;
/** A clock before this year was not set yet: the miner starts at 1970 until it reaches a time server. */
const firstYear = 2015;

/** Oldest first, as the miner keeps them; the newest of a very long log. `secrets` are taken out wherever they stand. */
export function parseLog(text: string, secrets: readonly string[] = []): LogLine[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '').slice(-mostLines).map((line) => parseLine(detached(redacted(line.slice(0, longestLine), secrets))));
}

/** The text in memory of its own: V8 keeps the whole log alive for as long as anybody holds a piece that was cut out of it. */
function detached(text: string): string {
  return Buffer.from(text).toString();
}

/** `[YYYY/MM/DD HH:MM:SS] LEVEL: text`; what does not look so is text as a whole. */
function parseLine(line: string): LogLine {
  const match = /^\[(\d{4})\/(\d{2})\/(\d{2}) (\d{2}):(\d{2}):(\d{2})\]\s*(?:([A-Z]{2,10}):\s*)?(.*)$/.exec(line);
  if (match === null) return { text: line, ...meaningOf(line) };
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', level, text = ''] = match;
  const at = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  return defined<LogLine>({ at: Number(year) < firstYear ? undefined : at, level, text, ...meaningOf(text) });
}

type Meaning = Pick<LogLine, 'event' | 'board' | 'fan' | 'temperature' | 'volts' | 'chipsFound' | 'chipsExpected' | 'reason'>;

interface Known {
  readonly pattern: RegExp;
  readonly event: LogEvent;
  readonly tells?: (groups: Readonly<Record<string, string | undefined>>) => Meaning | undefined;
}

const numbered = (what: 'board' | 'fan') => (groups: Readonly<Record<string, string | undefined>>): Meaning => ({ [what]: Number(groups['n']) });

/** vnish-api.md, 3: formats that clients recognise. */
const known: readonly Known[] = [
  { pattern: /chain#(?<n>\d{1,3}) - Failed to init pic controller/i, event: 'pic_controller_failed', tells: numbered('board') },
  {
    pattern: /chain#(?<n>\d{1,3}) - (?<found>\d{1,5}) of (?<expected>\d{1,5}) chips detected/i, event: 'chips_missing',
    // The same line tells of a board that is whole.
    tells: ({ n, found, expected }) => (Number(found) < Number(expected) ? { board: Number(n), chipsFound: Number(found), chipsExpected: Number(expected) } : undefined),
  },
  { pattern: /chain#(?<n>\d{1,3}) - Overheated, (?:chip|pcb) temp=(?<celsius>-?\d{1,4})/i, event: 'overheat', tells: ({ n, celsius }) => ({ board: Number(n), temperature: Number(celsius) }) },
  { pattern: /Failed to set voltage to (?<millivolts>\d{1,6})(?:\.\d+)? ?mV/i, event: 'voltage_failed', tells: ({ millivolts }) => ({ volts: Number(millivolts) / 1000 }) },
  { pattern: /fan#(?<n>\d{1,3}) - LOST/i, event: 'fan_lost', tells: numbered('fan') },
  { pattern: /fan#(?<n>\d{1,3}) - ok/i, event: 'fan_ok', tells: numbered('fan') },
  // Before the chain break that it may name as its reason.
  { pattern: /^Restarting \(\d+ of \d+\)(?: - (?<reason>.{1,200}))?/i, event: 'watchdog_restart', tells: ({ reason }) => (reason === undefined ? {} : { reason }) },
  { pattern: /chain#(?<n>\d{1,3}) - Chain break detected/i, event: 'chain_break', tells: numbered('board') },
  { pattern: /chain#(?<n>\d{1,3}) - connected/i, event: 'board_connected', tells: numbered('board') },
  { pattern: /^Initializing PSU/i, event: 'psu_init' },
  { pattern: /^Initializing \[/i, event: 'initializing' },
  { pattern: /^PSU model: /i, event: 'psu_model' },
  { pattern: /^Auto-tuning/i, event: 'auto_tuning' },
  { pattern: /^Mining stopped/i, event: 'mining_stopped' },
  { pattern: /^Cooling down the miner/i, event: 'cooling_down' },
];

function meaningOf(text: string): Meaning {
  for (const { pattern, event, tells } of known) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const told = tells === undefined ? {} : tells(match.groups ?? {});
    return told === undefined ? {} : { event, ...told };
  }
  return {};
}

/** Ways in which a password, token or key may stand in a log. */
const secretPatterns: readonly RegExp[] = [
  // "pw":"…", pass=…, password: …, token=…
  /(["']?\b(?:pw|pass|passw|passwd|password|passphrase|token|secret|api[_-]?key|x-api-key|key)\b["']?\s*[:=]\s*)(?:"[^"]*"?|'[^']*'?|[^\s,;}&]+)/gi,
  // --pass …, -p …, --userpass user:…
  /((?:^|\s)(?:--?pass(?:word)?|-p|--userpass|-O)[ =])\S+/gi,
  /(\bBearer\s+)\S+/gi,
  // stratum+tcp://user:…@pool
  /(\/\/)[^\s/@]+(?=@)/g,
  // A pool's login: {"method":"mining.authorize","params":["worker","…"]}
  /(mining\.authorize"?[^[\]]*\[\s*"[^"]*"\s*,\s*)"[^"]*"?/gi,
  /("params"\s*:\s*\[\s*"[^"]*"\s*,\s*)"[^"]*"?(?=\s*\][^[\]]*mining\.authorize)/gi,
];

/** A secret that is a plain word (VNish's default is "admin") would take words out of good lines. */
const shortestSecret = 6;

function redacted(line: string, secrets: readonly string[]): string {
  const named = secretPatterns.reduce((text, pattern) => text.replace(pattern, '$1[redacted]'), line);
  return secrets.filter((secret) => secret.length >= shortestSecret).reduce((text, secret) => text.replaceAll(secret, '[redacted]'), named);
}
