/** A server on one address that can be closed and opened again, with errors that say what to do. */
import type { Server } from 'node:http';
import type { AddressInfo, Server as TcpServer } from 'node:net';

export interface Address { readonly host: string; readonly port: number }

/** The port is in use, or the address isn't ours. */
export class CannotListen extends Error {}

/** Opens the server; with port 0 the system picks one, which is returned. */
export function listen(server: TcpServer, address: Address, what: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException) => {
      const place = `${address.host}:${address.port}`;
      const reason = cause.code === 'EADDRINUSE' ? `${place} is taken. Stop what listens there, or choose another port.`
        : `${place} cannot be used (${cause.code ?? cause.message}). Choose another address.`;
      reject(new CannotListen(`${what}: ${reason}`, { cause }));
    };
    server.once('error', fail);
    server.listen(address.port, address.host, () => {
      server.off('error', fail);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Closes the server and every connection it has. */
export function close(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
