import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Fields that never reach a log, wherever they stand (style: a driver never logs a secret). */
const secretFields = ['password', 'pw', 'pass', 'token', 'apiKey', 'api_key', 'authorization', 'x-api-key', 'key'];

export interface LogOptions {
  readonly level?: string;
  readonly destination?: DestinationStream;
}

/** A JSON logger that writes to standard error and redacts secrets. */
export function createLogger({ level = 'info', destination }: LogOptions = {}): Logger {
  const paths = secretFields.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths, censor: '[redacted]' } },
    destination ?? pino.destination({ fd: 2, sync: true }),
  );
}
