/** Simulated miners in a process of their own, so that only our own CPU is measured. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';

interface Announced { readonly control: string; readonly miners: readonly { readonly name: string }[] }

export interface SimulatedFleet {
  /** `host:port` of each miner. */
  readonly addresses: readonly string[];
  readonly pid: number;
  /** Gives a miner, counted from 0, a fault. */
  inject(miner: number, kind: string): Promise<void>;
  /** Mends all faults of a miner. */
  repair(miner: number): Promise<void>;
  stop(): Promise<void>;
}

const command = fileURLToPath(new URL('../../simulator/dist/main.js', import.meta.url));

/** Starts that many miners on loopback; stops with the benchmark. */
export async function simulatedFleet(miners: number): Promise<SimulatedFleet> {
  const firstPort = 20_000;
  const child = spawn(process.execPath, [command, '--miners', String(miners), '--first-port', String(firstPort), '--pool-port', String(firstPort - 1), '--control-port', String(firstPort - 2), '--no-cgminer-port', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const announced = await new Promise<Announced>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.endsWith('\n')) resolve(JSON.parse(said) as Announced);
    });
    child.once('exit', (code) => reject(new Error(`the simulator ended with ${code ?? 'a signal'}`)));
  });
  async function faults(miner: number, method: 'POST' | 'DELETE', body?: string): Promise<void> {
    const { name } = announced.miners[miner] ?? { name: '' };
    const reply = await request(`${announced.control}/miners/${name}/faults`, { method, ...(body === undefined ? {} : { body }) });
    const text = await reply.body.text();
    if (reply.statusCode >= 300) throw new Error(`the simulator refused ${method} ${body ?? ''} for ${name}: ${text}`);
  }

  return {
    pid: child.pid ?? 0,
    addresses: Array.from({ length: miners }, (_, index) => `127.0.0.1:${firstPort + index}`),
    async inject(miner, kind) {
      await faults(miner, 'POST', JSON.stringify({ kind }));
    },
    async repair(miner) {
      await faults(miner, 'DELETE');
    },
    async stop() {
      child.removeAllListeners('exit');
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      await gone;
    },
  };
}
