/** Server-sent events (WHATWG HTML, 9.2): what happens, as it happens, over one reply that stays open. */
import type { ServerResponse } from 'node:http';

export interface EventStream {
  send(event: string, data: unknown): void;
  /** Ends the reply. */
  end(): void;
  /** Called once when the reply has ended, whoever ended it. */
  onEnd(listener: () => void): void;
}

/** Ms after which a browser connects again. */
const retryMs = 3000;
/** Ms between comments that keep proxies from closing a quiet connection. */
const heartbeatMs = 15_000;
/** Bytes that may wait for a reader who does not read; then the reply ends, and the reader may come again. */
const mostWaiting = 1_048_576;

export const eventStreamType = 'text/event-stream';

/** `lastId` is what the reader has seen, by its header Last-Event-ID: numbers go on from there. */
export function openEventStream(response: ServerResponse, lastId: string): EventStream {
  const known = Number(lastId);
  let id = Number.isSafeInteger(known) && known > 0 ? known : 0;
  response.writeHead(200, { 'content-type': eventStreamType, 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  response.write(`retry: ${retryMs}\n\n`);
  const beating = setInterval(() => write(': still here\n\n'), heartbeatMs);
  response.once('close', () => clearInterval(beating));

  function write(text: string): void {
    if (response.writableEnded || response.destroyed) return;
    if (response.writableLength > mostWaiting) response.destroy();
    else response.write(text);
  }

  return {
    send(event, data) {
      id += 1;
      write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    end: () => void response.end(),
    onEnd: (listener) => void response.once('close', listener),
  };
}
