#!/usr/bin/env node
/** The command: starts a simulated fleet and says where everything is. */
import { existsSync, readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CannotListen } from './listener.ts';
import type { PayRule } from './pool/account.ts';
import { payRules } from './pool/account.ts';
import { startSimulator } from './simulator.ts';
import type { Simulator, SimulatorOptions } from './simulator.ts';

interface Flags {
  miners: number;
  seed: number;
  speed: number;
  host: string;
  firstPort: number;
  addressMode: 'port' | 'address';
  cgminerPort: number | false;
  poolPort: number;
  controlPort: number;
  prohashingPay: PayRule;
  litecoinpoolPort?: number;
  viabtcPort?: number;
  f2poolPort?: number;
  nicehashPort?: number;
  abacusPort?: number;
  warm: boolean;
  json: boolean;
  apiDocs?: string;
}

function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low || value > high) throw new InvalidArgumentError(`a whole number from ${low} to ${high} is needed.`);
    return value;
  };
}

function speed(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError('a number, 0 or more, is needed.');
  return value;
}

const command = new Command('hashfleet-simulator')
  .description('A fleet that is not there: VNish miners and mining pools, faithful to their APIs, with faults on demand.')
  .option('--miners <n>', 'how many miners', whole(0, 20_000), 12)
  .option('--seed <n>', 'same seed, same fleet', whole(0, 2 ** 31 - 1), 1)
  .option('--speed <x>', 'simulated seconds per real second; 0 stands still until the control port moves it', speed, 1)
  .option('--host <address>', 'address to listen on; keep it on loopback, for there is no login on the control port', '127.0.0.1')
  .option('--first-port <n>', "port of the first miner (address mode: every miner's port)", whole(1, 65_535), 9801)
  .addOption(new Option('--address-mode <mode>', 'miners apart by port, or by address 127.1.0.1 upwards').choices(['port', 'address']).default('port'))
  .option('--cgminer-port <n>', 'port of the first miner\'s cgminer API (address mode: every miner\'s; 4028 is the real one); 0: any', whole(0, 65_535), 0)
  .option('--no-cgminer-port', 'no cgminer API')
  .option('--pool-port <n>', 'port of ProHashing: REST, and WAMP at /ws', whole(0, 65_535), 9794)
  .addOption(new Option('--prohashing-pay <rule>', 'how ProHashing pays; blocks of PPLNS are rare at its size').choices([...payRules]).default('by_password'))
  .option('--litecoinpool-port <n>', 'port of litecoinpool.org; without it that pool does not run; 0: any', whole(0, 65_535))
  .option('--viabtc-port <n>', 'port of ViaBTC; likewise', whole(0, 65_535))
  .option('--f2pool-port <n>', 'port of F2Pool; likewise', whole(0, 65_535))
  .option('--nicehash-port <n>', 'port of NiceHash; likewise', whole(0, 65_535))
  .option('--abacus-port <n>', 'port of Abacus.AI, of which all hosts are one; without it that does not run; 0: any', whole(0, 65_535))
  .option('--control-port <n>', 'port of the control interface', whole(0, 65_535), 9793)
  .option('--warm', 'miners have been mining for days (default)', true)
  .option('--no-warm', 'miners are switched on just now')
  .option('--api-docs <folder>', "folder with the vendor's openapi-xminer-<version>.json, served at /docs/api-doc.json")
  .option('--json', 'print one machine-readable line when ready', false);

function documents(folder: string | undefined): Record<string, string> {
  if (folder === undefined) return {};
  const found = ['1.2.7', '1.3.4'].map((version) => [version, `${folder}/openapi-xminer-${version}.json`] as const)
    .filter(([, file]) => existsSync(file));
  return Object.fromEntries(found.map(([version, file]) => [version, readFileSync(file, 'utf8')]));
}

/** How ProHashing pays, and the pools besides whose ports are given. */
function poolsOf({ prohashingPay, litecoinpoolPort, viabtcPort, f2poolPort, nicehashPort }: Flags): SimulatorOptions['pools'] & object {
  return {
    prohashing: { pay: prohashingPay },
    ...(litecoinpoolPort === undefined ? {} : { litecoinpool: { port: litecoinpoolPort } }), ...(viabtcPort === undefined ? {} : { viabtc: { port: viabtcPort } }),
    ...(f2poolPort === undefined ? {} : { f2pool: { port: f2poolPort } }), ...(nicehashPort === undefined ? {} : { nicehash: { port: nicehashPort } }),
  };
}

function announce(simulator: Simulator, asJson: boolean): void {
  const control = simulator.control?.url ?? '';
  if (asJson) {
    console.log(JSON.stringify({
      ready: true, control, pool: simulator.pool.url, poolApiKey: simulator.pool.apiKey,
      pools: simulator.pools.map(({ kind, url, apiKey, secretKey, user, organization }) => ({ kind, url, apiKey, secretKey, user, organization })),
      ...(simulator.abacus === null ? {} : { abacus: { url: simulator.abacus.url, apiKey: simulator.abacus.apiKey } }),
      miners: simulator.all.map(({ name, address, cgminerPort, spec }) => ({ name, address, cgminerPort, model: spec.model, firmware: spec.firmware })),
    }));
    return;
  }
  const shown = simulator.all.slice(0, 24);
  for (const { name, url, spec } of shown) console.log(`miner    ${name.padEnd(8)} ${url}  ${spec.model} ${spec.firmware}`);
  if (simulator.all.length > shown.length) console.log(`miner    … and ${simulator.all.length - shown.length} more`);
  for (const { kind, url, apiKey, secretKey } of simulator.pools) console.log(`pool     ${kind.padEnd(12)} ${url}  (API key ${apiKey}${secretKey === '' ? '' : `, secret ${secretKey}`})`);
  if (simulator.abacus !== null) console.log(`abacus   ${simulator.abacus.url}  (API key ${simulator.abacus.apiKey})`);
  console.log(`control  ${control}  (fleet.yaml at ${control}/fleet.yaml)`);
  console.log('Password of every miner: admin, of an L3+: root. Stop with Ctrl-C.');
}

async function main(flags: Flags): Promise<void> {
  let simulator: Simulator;
  try {
    simulator = await startSimulator({ ...flags, pools: poolsOf(flags), abacusPort: flags.abacusPort ?? null, cgminerPort: flags.cgminerPort === false ? null : flags.cgminerPort, apiDocuments: documents(flags.apiDocs) });
  } catch (problem) {
    if (!(problem instanceof CannotListen)) throw problem;
    console.error(`${problem.message} (--first-port, --cgminer-port, --pool-port and those of other pools, --abacus-port, --control-port, --host)`);
    process.exitCode = 1;
    return;
  }
  const stop = () => {
    simulator.stop().then(() => process.exit(0)).catch(() => process.exit(1));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  announce(simulator, flags.json);
}

await main(command.parse().opts<Flags>());
