/** A WAMP router for one client, just enough to meet ProHashing's push side: what is said and kept silent is the test's. */
import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { whenDone } from '../running.ts';

export interface Router {
  readonly url: string;
  /** Messages of the clients, in order. */
  readonly received: unknown[][];
  /** Sessions that began. */
  readonly sessions: () => number;
  /** What a call is answered with; undefined: it is never answered. An Error is sent as one with its message as URI. */
  answers: Record<string, (args: readonly unknown[]) => unknown>;
  /** How the next session begins. */
  mode: 'ok' | 'abort' | 'mute';
  /** Refuses to answer pings, so that the socket looks half open. */
  deaf: boolean;
  publish(topic: string, ...args: unknown[]): void;
  /** A message as it is, JSON or not. */
  say(text: string): void;
  goodbye(): void;
  cut(): void;
}

export async function wampRouter(answers: Router['answers'] = {}): Promise<Router> {
  const http = createServer((_request, response) => void response.writeHead(404).end());
  const server = new WebSocketServer({ server: http, handleProtocols: (protocols) => (protocols.has('wamp.2.json') ? 'wamp.2.json' : false), autoPong: false });
  const received: unknown[][] = [];
  const subscriptions = new Map<string, number>();
  let client: WebSocket | undefined;
  let sessions = 0;
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  whenDone(async () => {
    for (const one of server.clients) one.terminate();
    server.close();
    await new Promise((resolve) => http.close(resolve));
  });
  const router: Router = {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ws`, received, sessions: () => sessions, answers, mode: 'ok', deaf: false,
    publish: (topic, ...args) => {
      const id = subscriptions.get(topic);
      if (id === undefined) throw new Error(`nobody subscribed to ${topic}`);
      router.say(JSON.stringify([36, id, 1, {}, args]));
    },
    say: (text) => client?.send(text),
    goodbye: () => router.say(JSON.stringify([6, {}, 'wamp.close.system_shutdown'])),
    cut: () => client?.terminate(),
  };
  server.on('connection', (socket) => {
    client = socket;
    subscriptions.clear();
    const send = (message: unknown[]) => socket.send(JSON.stringify(message));
    socket.on('ping', (data) => {
      if (!router.deaf) socket.pong(data);
    });
    const challenge = JSON.stringify({ nonce: randomBytes(16).toString('hex'), authprovider: 'static' });
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString('utf8')) as unknown[];
      received.push(message);
      if (router.mode === 'mute') return;
      const [type, request, , third] = message as [number, number, unknown, unknown];
      if (type === 1) {
        if (router.mode === 'abort') send([3, { message: 'go away' }, 'wamp.error.no_such_realm']);
        else send([4, 'wampcra', { challenge }]);
      } else if (type === 5) {
        const right = createHmac('sha256', 'web').update(challenge).digest('base64');
        if (message[1] === right) {
          sessions += 1;
          send([2, 7, { roles: { broker: {}, dealer: {} } }]);
        } else send([3, {}, 'wamp.error.authentication_failed']);
      } else if (type === 32) {
        subscriptions.set(third as string, request + 1000);
        send([33, request, request + 1000]);
      } else if (type === 48) {
        const answer = router.answers[third as string]?.((message[4] as unknown[] | undefined) ?? []);
        if (answer instanceof Error) send([8, 48, request, {}, answer.message]);
        else if (answer instanceof Promise) void answer.then((value) => send([50, request, {}, [value]]));
        else if (answer !== undefined) send([50, request, {}, [answer]]);
      }
    });
  });
  return router;
}
