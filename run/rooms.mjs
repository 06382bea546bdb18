/**
 * Who may know whom inside exporter/src (see docs/how-it-works.md). The one place where the rule is written;
 * eslint enforces it and test/rooms.test.ts shows that a forbidden import is refused.
 *
 * `errors.ts`, `log.ts`, `mismatch.ts` and `defined.ts` at the root of src are known to all.
 */
export const mayKnow = {
  config: [],
  miners: ['config'],
  pools: ['config'],
  fleet: ['config', 'miners', 'pools'],
  analytics: ['config', 'miners', 'pools'],
  earnings: ['config', 'miners', 'pools', 'fleet', 'analytics'],
  advice: ['config', 'miners', 'pools', 'fleet', 'analytics'],
  health: ['config', 'miners', 'pools', 'fleet', 'analytics', 'earnings'],
  learning: ['config', 'miners', 'pools', 'fleet', 'analytics', 'earnings', 'advice'],
  control: ['config', 'miners', 'pools', 'fleet', 'analytics'],
  schedules: ['config', 'miners', 'pools', 'fleet', 'analytics', 'earnings', 'control'],
  metrics: ['config', 'miners', 'pools', 'fleet', 'analytics', 'earnings', 'advice', 'health', 'learning', 'control', 'schedules'],
  http: ['config', 'miners', 'pools', 'fleet', 'analytics', 'earnings', 'advice', 'health', 'learning', 'control', 'schedules', 'metrics'],
};

const rooms = [...Object.keys(mayKnow), 'cli'];

/** One eslint block per room: an import of any room that it may not know is an error. */
export const roomRules = Object.entries(mayKnow).map(([room, known]) => {
  const forbidden = rooms.filter((other) => other !== room && !known.includes(other));
  // analytics is pure: no sockets, files or clocks of its own.
  const io = room === 'analytics' ? ['node:fs', 'node:fs/promises', 'node:http', 'node:net', 'node:timers', 'undici', 'express', 'pino'] : [];
  return {
    files: [`exporter/src/${room}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: io.map((name) => ({ name, message: `${room} is pure and does no I/O.` })),
          patterns: forbidden.map((other) => ({
            regex: `^(\\.\\./)+${other}/`,
            message: `${room}/ may not know ${other}/ (run/rooms.mjs says who may know whom).`,
          })),
        },
      ],
    },
  };
});
