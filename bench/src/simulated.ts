/** Simulated miners in a process of their own, so that only our own CPU is measured. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface SimulatedFleet {
  /** `host:port` of each miner. */
  readonly addresses: readonly string[];
  stop(): Promise<void>;
}

const command = fileURLToPath(new URL('../../simulator/dist/main.js', import.meta.url));

/** Starts that many miners on loopback; stops with the benchmark. */
export async function simulatedFleet(miners: number): Promise<SimulatedFleet> {
  const firstPort = 20_000;
  const child = spawn(process.execPath, [command, '--miners', String(miners), '--first-port', String(firstPort), '--pool-port', String(firstPort - 1), '--control-port', String(firstPort - 2), '--no-cgminer-port', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the simulator ended with ${code ?? 'a signal'}`)));
  });
  return {
    addresses: Array.from({ length: miners }, (_, index) => `127.0.0.1:${firstPort + index}`),
    async stop() {
      child.removeAllListeners('exit');
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      await gone;
    },
  };
}
