/**
 * The exporter's own counters on disk, two a miner, exact to the last poll even after `kill -9`: one line of fixed width, written
 * in place before the value is shown. Were the file behind the page, a counter would fall at the next start, and Prometheus
 * would take the fall for a reset and count everything once more.
 *
 * A write of 128 bytes costs microseconds and reaches the kernel, which outlives the process; `flush` brings it to the disk
 * for the case that the machine itself stops.
 */
import { closeSync, existsSync, fsync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';

export interface Counts {
  readonly hashes: number;
  readonly joules: number;
}

export interface Counters {
  /** What the file knew when it was opened. */
  readonly kept: ReadonlyMap<string, Counts>;
  write(miner: string, counts: Counts): void;
  forget(miner: string): void;
  flush(): void;
  close(): void;
}

const nameWidth = 64;
const numberWidth = 26;
const sumWidth = 8;
/** Bytes of a line: name, two numbers, check sum, blanks between them and the line break. */
const lineWidth = nameWidth + 2 * (numberWidth + 1) + sumWidth + 2;

/** Undefined, and said, when the file cannot be opened: reading goes on without it. */
export function openCounters(file: string, log: Logger): Counters | undefined {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    return counters(file, log);
  } catch (thrown) {
    log.error({ file, err: messageOf(thrown) }, 'cannot keep counters; they will fall back at a restart. Check disk space and permissions');
    return undefined;
  }
}

function counters(file: string, log: Logger): Counters {
  const { kept, lines, free, damaged } = read(file);
  if (damaged > 0) log.error({ file, damaged }, 'lines of the kept counters are damaged; for those miners the last saved values count');
  // "r+" keeps what is there and writes in place, "w+" makes the file.
  const handle = openSync(file, existsSync(file) ? 'r+' : 'w+', 0o644);
  let next = lines.size + free.length;
  let [failed, closed] = [false, false];

  function put(line: number, text: string): void {
    // A poll that ends after the last save.
    if (closed) return;
    try {
      writeSync(handle, text, line * lineWidth, 'latin1');
      if (failed) log.info({ file }, 'counters are kept again');
      failed = false;
    } catch (thrown) {
      // Once, not at each poll: reading goes on without it.
      if (!failed) log.error({ file, err: messageOf(thrown) }, 'cannot keep the counters; they fall back at a restart. Check disk space and permissions');
      failed = true;
    }
  }

  return {
    kept,
    write(miner, counts) {
      let line = lines.get(miner);
      if (line === undefined) {
        line = free.pop() ?? next++;
        lines.set(miner, line);
      }
      put(line, lineOf(miner, counts));
    },
    forget(miner) {
      const line = lines.get(miner);
      if (line === undefined) return;
      lines.delete(miner);
      free.push(line);
      put(line, `${' '.repeat(lineWidth - 1)}\n`);
    },
    flush() {
      fsync(handle, (problem) => {
        if (problem !== null && !closed) log.error({ file, err: problem.message }, 'the kept counters cannot be brought to the disk');
      });
    },
    close() {
      closed = true;
      closeSync(handle);
    },
  };
}

interface Read { readonly kept: Map<string, Counts>; readonly lines: Map<string, number>; readonly free: number[]; readonly damaged: number }

function read(file: string): Read {
  const [kept, lines, free] = [new Map<string, Counts>(), new Map<string, number>(), [] as number[]];
  let damaged = 0;
  const text = existsSync(file) ? readFileSync(file, 'latin1') : '';
  for (let line = 0; line * lineWidth < text.length; line += 1) {
    const one = text.slice(line * lineWidth, (line + 1) * lineWidth);
    const found = parse(one);
    if (found !== undefined && !lines.has(found.miner)) {
      kept.set(found.miner, found);
      lines.set(found.miner, line);
    } else {
      free.push(line);
      if (one.trim() !== '') damaged += 1;
    }
  }
  return { kept, lines, free, damaged };
}

function lineOf(miner: string, { hashes, joules }: Counts): string {
  const body = `${miner.padEnd(nameWidth)}${String(hashes).padStart(numberWidth)} ${String(joules).padStart(numberWidth)} `;
  return `${body}${sumOf(body)} \n`;
}

function parse(line: string): (Counts & { miner: string }) | undefined {
  const body = line.slice(0, lineWidth - sumWidth - 2);
  if (line.length !== lineWidth || line.slice(body.length, body.length + sumWidth) !== sumOf(body)) return undefined;
  const [hashes, joules] = body.slice(nameWidth).trim().split(/ +/).map(Number);
  return { miner: body.slice(0, nameWidth).trim(), hashes: hashes ?? 0, joules: joules ?? 0 };
}

function sumOf(body: string): string {
  return crc32(body).toString(16).padStart(sumWidth, '0');
}
