/** Tells when files change: at once where the system tells, else within some seconds (network drives, swapped links, lost events). */
import { watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { fingerprint } from './files.ts';

/** Ms without another event before the files are looked at: an editor writes, renames and touches in one go. */
const quietMs = 300;
/** Ms between two looks without any event. */
const pollMs = 5000;

export interface WatchOptions {
  /** Relative patterns are looked up from here. */
  readonly folder: string;
  /** Files, with `*` in the last part; asked anew after each change. */
  readonly patterns: () => readonly string[];
  /** Not called again before it has ended. */
  readonly changed: () => Promise<void>;
  readonly log: Logger;
}

export interface Watch { stop(): void }

export function watchFiles({ folder, patterns, changed, log }: WatchOptions): Watch {
  const watchers = new Map<string, FSWatcher>();
  let watched = patterns();
  let known = fingerprint(folder, watched);
  let quiet: NodeJS.Timeout | undefined;
  let busy = false;
  let stopped = false;

  async function look(): Promise<void> {
    if (busy || stopped) return;
    const present = fingerprint(folder, watched);
    if (present === known) return;
    busy = true;
    known = present;
    try {
      await changed();
      const next = patterns();
      if (next.join('\n') !== watched.join('\n')) {
        watched = next;
        known = fingerprint(folder, watched);
      }
      arm();
    } finally {
      busy = false;
    }
    // What came meanwhile.
    soon();
  }

  function soon(): void {
    if (stopped) return;
    clearTimeout(quiet);
    quiet = setTimeout(() => void look(), quietMs);
  }

  /** Folders are watched, not files: a file that is replaced takes its watch with it. */
  function arm(): void {
    const folders = new Set(watched.map((pattern) => path.dirname(path.resolve(folder, pattern))));
    for (const [name, watcher] of watchers) {
      if (folders.has(name)) continue;
      watcher.close();
      watchers.delete(name);
    }
    for (const name of folders) {
      if (watchers.has(name)) continue;
      try {
        const watcher = watch(name, soon);
        watcher.on('error', (thrown) => {
          log.debug({ folder: name, err: messageOf(thrown) }, 'the folder is no longer watched; it is looked at from time to time');
          watcher.close();
          watchers.delete(name);
        });
        watchers.set(name, watcher);
      } catch (thrown) {
        log.debug({ folder: name, err: messageOf(thrown) }, 'the folder cannot be watched; it is looked at from time to time');
      }
    }
  }

  arm();
  const poll = setInterval(() => {
    arm();
    void look();
  }, pollMs);
  return {
    stop() {
      stopped = true;
      clearInterval(poll);
      clearTimeout(quiet);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}
