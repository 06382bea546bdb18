import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readOptions, usage } from './options.ts';
import { createHostServer } from './server.ts';

const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);

try {
  const options = readOptions(process.argv.slice(2), process.env, packageRoot);
  if (options === 'help') {
    console.log(usage);
  } else {
    const server = createHostServer(options, packageRoot, log);
    server.on('error', (cause: NodeJS.ErrnoException) => {
      console.error(cause.code === 'EADDRINUSE' ? `Port ${options.port} is taken; choose another with --port.` : cause.message);
      process.exit(1);
    });
    server.listen(options.port, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      log(`plugin host on http://127.0.0.1:${port} (Prometheus ${options.prometheusUrl}, exporter API ${options.apiUrl ?? 'not configured'})`);
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        server.close(() => process.exit(0));
        server.closeAllConnections();
      });
    }
  }
} catch (cause) {
  console.error(`${(cause as Error).message}\n\n${usage}`);
  process.exit(2);
}
