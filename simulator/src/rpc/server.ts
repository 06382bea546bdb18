/**
 * The cgminer API on TCP 4028 (vnish-api.md 5b): one command a connection, as JSON; the reply is JSON and a NUL, then the
 * connection is closed. With bad manners on demand.
 */
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { listen } from '../listener.ts';
import type { ActiveFault, RpcMannerKind } from '../miner/faults.ts';
import { isRpcManner } from '../miner/faults.ts';

export type RpcCommand = 'stats' | 'summary' | 'pools' | 'devs' | 'devdetails';

/** The part of a reply behind STATUS. */
export type RpcBody = Readonly<Record<string, unknown>>;

export interface RpcMachine {
  /** Undefined while nobody answers at 4028: the miner starts, or is away. */
  readonly answer: (command: RpcCommand, timeMs: number) => RpcBody | undefined;
  /** As `Description` has it. */
  readonly description: string;
  readonly faults: () => readonly ActiveFault[];
  readonly record: (command: string, timeMs: number) => void;
  readonly now: () => number;
}

export interface RpcServer {
  /** Known once listening. */
  readonly port: number;
  /** Opens or closes the listener, as the fault `rpc_refused` and the power want it. */
  setOpen(open: boolean): Promise<void>;
}

/** `Code` and `Msg` of each reply: from the captures; those of `devs` and `devdetails` from cgminer's own list [S]. */
const heads: Readonly<Record<RpcCommand, { readonly code: number; readonly message: (body: RpcBody) => string }>> = {
  stats: { code: 70, message: () => 'CGMiner stats' },
  summary: { code: 11, message: () => 'Summary' },
  pools: { code: 7, message: ({ POOLS }) => `${Array.isArray(POOLS) ? POOLS.length : 0} Pool(s)` },
  devs: { code: 9, message: ({ DEVS }) => `${Array.isArray(DEVS) ? DEVS.length : 0} ASC(s)` },
  devdetails: { code: 69, message: () => 'Device Details' },
};

function isCommand(text: unknown): text is RpcCommand {
  return typeof text === 'string' && Object.hasOwn(heads, text);
}

/** `version` is refused as everything unknown is (capture of a 1.2.7). */
function replyText(machine: RpcMachine, asked: unknown, timeMs: number): string | undefined {
  const status = (kind: 'S' | 'E', code: number, message: string) => ({ STATUS: [{ STATUS: kind, When: Math.floor(timeMs / 1000), Code: code, Msg: message, Description: machine.description }] });
  const body = machine.answer(isCommand(asked) ? asked : 'stats', timeMs);
  if (body === undefined) return undefined;
  if (!isCommand(asked)) return JSON.stringify(status('E', 0, 'Invalid command'));
  const { code, message } = heads[asked];
  return JSON.stringify({ ...status('S', code, message(body)), ...body });
}

function commandOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'command' in value ? value.command : undefined;
  } catch {
    return undefined;
  }
}

/** No command is longer, bytes. */
const commandLimit = 1024;

function sendBadly(kind: RpcMannerKind, socket: Socket, { text, milliseconds }: { text: string; milliseconds: number | undefined }): void {
  const bytes = Buffer.from(`${text}\0`);
  switch (kind) {
    case 'rpc_silent':
    case 'rpc_refused':
      return;
    case 'rpc_cut':
      socket.end(bytes.subarray(0, Math.floor(bytes.length / 2)));
      return;
    case 'rpc_bad_json':
      // As bmminer does: no comma between the objects of a list.
      socket.end(Buffer.from(`${text.replaceAll('},{', '}{')}\0`));
      return;
    case 'rpc_drip': {
      let sent = 0;
      const timer = setInterval(() => {
        socket.write(bytes.subarray(sent, sent + 1));
        sent += 1;
        if (sent >= bytes.length) socket.end();
      }, milliseconds ?? 200);
      socket.on('close', () => clearInterval(timer));
      return;
    }
    case 'rpc_endless': {
      const chunk = `"${'x'.repeat(16_384)}",`;
      const pour = () => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', () => setImmediate(pour));
      socket.write('{"STATS":[');
      pour();
    }
  }
}

function serve(machine: RpcMachine, socket: Socket): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('error', () => undefined);
  const take = (part: string) => {
    text += part;
    if (!/\}\s*$/.test(text) && text.length <= commandLimit) return;
    socket.off('data', take);
    const timeMs = machine.now();
    const asked = commandOf(text);
    const reply = replyText(machine, asked, timeMs);
    if (reply === undefined) {
      socket.resetAndDestroy();
      return;
    }
    machine.record(typeof asked === 'string' ? asked : '(no command)', timeMs);
    const manner = machine.faults().find(({ kind }) => isRpcManner(kind));
    if (manner === undefined || !isRpcManner(manner.kind)) socket.end(`${reply}\0`);
    else sendBadly(manner.kind, socket, { text: reply, milliseconds: manner.params.milliseconds });
  };
  socket.on('data', take);
}

export function createRpcServer(machine: RpcMachine, place: { readonly host: string; readonly port: number; readonly what: string }): RpcServer {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Nobody is there while the miner starts: the nearest to a closed port that a server can do in an instant.
    if (machine.answer('stats', machine.now()) === undefined) socket.resetAndDestroy();
    else serve(machine, socket);
  });
  let { port } = place;
  return {
    get port() {
      return port;
    },
    setOpen: async (open) => {
      if (open === server.listening) return;
      if (open) {
        port = await listen(server, { host: place.host, port }, place.what);
        return;
      }
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}
