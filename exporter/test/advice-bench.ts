/** Run by `npm run bench -- advice`: policies on worlds that no test has seen, one JSON line a figure. Ends with 1 where a limit was broken. */
import { fitRatioModel } from '../src/analytics/ratio-model.ts';
import { historyOf, makeWorld } from './advice-world.ts';
import { playWorld, policies, regimes } from './advice-policies.ts';

const seeds = [9001, 9002, 9003];
const print = (name: string, unit: string, [value, baseline]: readonly [number, number]) => process.stdout.write(`${JSON.stringify({ name, unit, value, baseline })}\n`);
let broken = 0;
for (const regime of regimes) {
  const worlds = seeds.map((seed) => playWorld(seed, regime));
  const sum = (policy: (typeof policies)[number] | 'oracle', field: 'usd' | 'switches' | 'hotMinerDays' | 'overloadedCircuitDays') => worlds.reduce((total, world) => total + world[policy][field], 0);
  print(`${regime.name}/oracle`, 'USD', [sum('oracle', 'usd'), sum('oracle', 'usd')]);
  for (const policy of policies) {
    print(`${regime.name}/${policy}`, '%', [(sum(policy, 'usd') / sum('oracle', 'usd')) * 100, 100]);
    print(`${regime.name}/${policy}/breaches`, '', [sum(policy, 'hotMinerDays') + sum(policy, 'overloadedCircuitDays'), 1]);
    print(`${regime.name}/${policy}/switches`, '', [sum(policy, 'switches'), sum('oracle', 'switches')]);
  }
  broken += sum('model', 'hotMinerDays') + sum('model', 'overloadedCircuitDays');
}
const cells = historyOf(makeWorld(9004), 30);
const began = performance.now();
fitRatioModel(cells);
print('training/60x30d', 'ms', [performance.now() - began, 10_000]);
process.exitCode = broken === 0 ? 0 : 1;
