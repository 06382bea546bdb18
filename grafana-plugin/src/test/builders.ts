import type { Board, Job, Plan, Preset, Recommendation, Rig } from '../api/types';

export const aRig = (parts: Partial<Rig> = {}): Rig => ({
  name: 'l9-01', site: 'garage', model: 'Antminer L9', address: '10.0.0.1', up: true, stale: false, state: 'mining', intent: 'mine',
  temperature: {}, money: {}, ...parts,
});

export const aPlan = (miners: string[], parts: Partial<Plan> = {}): Plan => ({
  action: 'restart_mining',
  targets: miners.map((miner) => ({ miner, changes: [{ field: 'mining', from: 'mining', to: 'restarted' }] })),
  skipped: [],
  effect: {},
  expectedSeconds: 180,
  confirmation: { required: miners.length > 1, token: 'token-of-this-plan', expiresAt: new Date(Date.now() + 120_000).toISOString() },
  ...parts,
});

export const aJob = (miners: string[], parts: Partial<Job> = {}): Job => ({
  id: 'job-1', action: 'restart_mining', parameters: {}, actor: 'operator', state: 'running', createdAt: '2026-01-01T00:00:00Z',
  targets: miners.map((miner) => ({ miner, state: 'running' })), ...parts,
});

export const aPreset = (parts: Partial<Preset> = {}): Preset => ({
  name: '3360', label: '3360 W', tuned: true, current: false, needsModifiedPsu: false, powerWatts: 3360, hashrate: 16.9e9, ...parts,
});

export const aBoard = (parts: Partial<Board> = {}): Board => ({ board: 1, up: true, temperature: {}, ...parts });

export const someAdvice = (parts: Partial<Recommendation> = {}): Recommendation => ({
  id: 'advice-1', kind: 'preset_change', miner: 'l9-01', from: '3360', to: '2600', urgent: false, gainUsdPerDay: 1.25, evidence: 'l9-01: preset 3360 → 2600. Saves 760 W.', createdAt: '2026-01-01T00:00:00Z', expiresAt: '2026-01-01T02:00:00Z',
  status: 'open', probability: 0.93, alternatives: [{ to: '2400', usdPerDay: 0.9 }],
  expected: { powerWatts: { value: -760, low: -800, high: -720 }, hashrate: { value: -3.2e9, low: -3.4e9, high: -3e9 }, usdPerDay: { value: 1.25, low: 0.4, high: 2.1 } }, ...parts,
});
