import { describe, expect, test } from '@jest/globals';
import { actions, type ActionName } from '../src/control/actions.ts';
import { bindings, jobDecision, minerDecision, outsideWindows, restNeeded, windowAt, type JobMember, type RailMiner, type SentCommand, type Situation } from '../src/control/rails.ts';
import type { ControlConfig } from '../src/config/schema.ts';
import { configOf } from './fixtures.ts';

const limitsOf = (text = '') => configOf(`miners: [{name: a, address: a}]\ncontrol: {${text}}`).control;
const now = Date.UTC(2026, 10, 23, 12);
const disruptive = (action: ActionName) => actions[action].disruptive;
const miner = (name: string, part: Partial<RailMiner> = {}): RailMiner => ({ name, site: 'barn', model: 'L9', mining: true, ...part });

function situation(miners: readonly RailMiner[], part: { underway?: Record<string, ActionName>; sent?: Record<string, SentCommand[]> } = {}): Situation {
  return { now, miners: () => miners, underway: new Map(Object.entries(part.underway ?? {})), sent: (name) => part.sent?.[name] ?? [], disruptive };
}
const decide = (target: RailMiner, action: ActionName, { limits = limitsOf(), ...part }: { limits?: ControlConfig; miners: readonly RailMiner[]; underway?: Record<string, ActionName>; sent?: Record<string, SentCommand[]> }) =>
  minerDecision(target, action, { limits, situation: situation(part.miners, part) });

describe('windows', () => {
  const { windows } = limitsOf('windows: [{days: [mon], from: "22:00", to: "02:00", timezone: Europe/Berlin}]');

  test('hold from the beginning to the end, over midnight and by the local clock', () => {
    const open = (text: string) => windowAt(windows, Date.parse(text)).open;
    expect(['2026-11-23T20:59:59Z', '2026-11-23T21:00:00Z', '2026-11-24T00:59:59Z', '2026-11-24T01:00:00Z', '2026-11-24T21:30:00Z'].map(open)).toEqual([false, true, true, false, false]);
    // Summer time: two hours ahead.
    expect(open('2026-07-06T20:00:00Z')).toBe(true);
  });

  test('outside them the next one is named', () => {
    expect(outsideWindows(windows, now)).toBe('outside the windows in which miners may be disturbed (control.windows); the next opens at 2026-11-23T21:00:00.000Z');
    expect(outsideWindows(windows, Date.parse('2026-11-24T05:00:00Z'))).toContain('2026-11-30T21:00:00.000Z');
    expect(outsideWindows([], now)).toBeUndefined();
  });
});

describe('a miner', () => {
  const at = (minutes: number, action: ActionName = 'reboot'): SentCommand => ({ action, at: now - minutes * 60_000 });

  test('rests after a disruptive action, and after the cap of a day until the oldest is a day old', () => {
    const limits = limitsOf('daily_cap: 2, cooldown_seconds: 60');
    const rest = (sent: SentCommand[]) => restNeeded(sent, limits, { now, disruptive });
    expect(rest([at(0.5)])).toBe('acted on just now; possible again in 30 s');
    expect(rest([at(0.5, 'locate')])).toBeUndefined();
    expect(rest([at(100), at(2)])).toBe('disturbed 2 times within a day already (control.daily_cap); possible again at 2026-11-24T10:20:00.000Z');
    expect(rest([at(1441), at(2)])).toBeUndefined();
  });

  test('waits while as many as allowed are under way, in whatever job', () => {
    const miners = ['a', 'b', 'c'].map((name) => miner(name));
    expect(decide(miners[0]!, 'locate', { miners, limits: limitsOf('max_in_flight: 2'), underway: { b: 'reboot' } })).toEqual({ say: 'go' });
    expect(decide(miners[0]!, 'locate', { miners, limits: limitsOf('max_in_flight: 2'), underway: { b: 'reboot', c: 'locate' } })).toMatchObject({ say: 'wait', rail: 'max_in_flight' });
  });

  test('is not taken from mining below the floor: it waits for one that comes back, else it is left out', () => {
    const miners = [miner('a'), miner('b'), miner('c', { mining: false }), miner('d', { site: 'garage' })];
    const limits = limitsOf('min_mining_fleet: 2');
    expect(decide(miners[0]!, 'pause', { miners, limits })).toEqual({ say: 'go' });
    expect(decide(miners[0]!, 'pause', { miners, limits, underway: { b: 'restart_mining' } })).toMatchObject({ say: 'wait', rail: 'floor', reason: '2 miners of the fleet must stay mining, and 2 are (control.min_mining_*)' });
    expect(decide(miners[0]!, 'pause', { miners, limits, underway: { b: 'pause' } })).toMatchObject({ say: 'leave', rail: 'floor' });
    // What does not mine already, and what does not disturb, takes nothing away.
    expect(decide(miners[2]!, 'reboot', { miners, limits, underway: { b: 'pause' } })).toEqual({ say: 'go' });
    expect(decide(miners[0]!, 'locate', { miners, limits, underway: { b: 'pause' } })).toEqual({ say: 'go' });
    // Two thirds of the three in the barn are two; the garage counts by itself.
    expect(decide(miners[0]!, 'pause', { miners, limits: limitsOf('min_mining_site_ratio: 0.6') })).toMatchObject({ say: 'leave', reason: '2 miners of site barn must stay mining, and 2 are (control.min_mining_*)' });
    expect(decide(miners[3]!, 'pause', { miners, limits: limitsOf('min_mining_site_ratio: 0.6') })).toMatchObject({ say: 'leave' });
  });

  test('starts alone on its circuit, and a gap after the one before', () => {
    const miners = [miner('a', { circuit: '1' }), miner('b', { circuit: '1' }), miner('c', { circuit: '2' }), miner('d', { circuit: '1', site: 'garage' })];
    const underway = { b: 'resume' } as const;
    expect(decide(miners[0]!, 'resume', { miners, underway })).toMatchObject({ say: 'wait', rail: 'circuit' });
    expect(decide(miners[0]!, 'pause', { miners, underway })).toEqual({ say: 'go' });
    expect([miners[2]!, miners[3]!].map((one) => decide(one, 'resume', { miners, underway }))).toEqual([{ say: 'go' }, { say: 'go' }]);
    expect(decide(miners[0]!, 'resume', { miners, underway, limits: limitsOf('circuit_starts_at_once: 2') })).toEqual({ say: 'go' });
    expect(decide(miners[0]!, 'reboot', { miners, sent: { b: [{ action: 'restart_mining', at: now - 4000 }] } })).toMatchObject({ say: 'wait', rail: 'circuit', at: now + 6000 });
  });
});

describe('a job', () => {
  const member = (text: string): JobMember => {
    const [name = '', model = '', state = ''] = text.split(' ');
    return { name, model, state: state as JobMember['state'] };
  };
  const ask = (name: string, members: string[], { action = 'preset', limits = limitsOf() }: { action?: ActionName; limits?: ControlConfig } = {}) => {
    const all = members.map(member);
    return jobDecision(all.find((one) => one.name === name)!, { action, members: all, limits });
  };

  test('of a preset or a reboot begins with one miner a model, and stops when that one fails', () => {
    const waiting = ['a L9 waiting', 'b L9 waiting', 'c L7 waiting', 'd L7 waiting'];
    expect(ask('a', waiting)).toEqual({ say: 'go' });
    const one = ['a L9 verifying', 'b L9 waiting', 'c L7 waiting', 'd L7 waiting'];
    expect([ask('b', one), ask('c', one)]).toEqual([expect.objectContaining({ say: 'wait', reason: 'a goes first' }), { say: 'go' }]);
    expect(ask('b', ['a L9 verified', 'b L9 waiting', 'c L7 running', 'd L7 waiting'])).toMatchObject({ say: 'wait', reason: 'c goes first' });
    expect(ask('b', ['a L9 verified', 'b L9 waiting', 'c L7 verified', 'd L7 waiting'])).toEqual({ say: 'go' });
    expect(ask('d', ['a L9 failed', 'b L9 waiting', 'c L7 verified', 'd L7 waiting'])).toEqual({ say: 'leave', all: true, rail: 'canary', reason: 'not sent: a, the first L9, is failed' });
    // One that was left out proves nothing: the next one of its model is the canary.
    expect(ask('b', ['a L9 skipped', 'b L9 waiting', 'c L9 waiting', 'd L9 waiting'])).toEqual({ say: 'go' });
    expect(ask('b', one, { action: 'restart_mining' })).toEqual({ say: 'go' });
    expect(ask('b', one, { limits: limitsOf('canary_above: 4') })).toEqual({ say: 'go' });
  });

  test('stops after so many failures, or when so large a part has failed', () => {
    const six = ['a L9 failed', 'b L9 indeterminate', 'c L9 verified', 'd L9 waiting', 'e L9 waiting', 'f L9 waiting'];
    const action = 'restart_mining';
    expect(ask('d', six, { action })).toEqual({ say: 'go' });
    expect(ask('d', six, { action, limits: limitsOf('stop_after_failures: 2') })).toMatchObject({ say: 'leave', all: true, rail: 'stop_on_failures' });
    expect(ask('d', six, { action, limits: limitsOf('stop_failure_ratio: 0.3') })).toMatchObject({ say: 'leave', all: true });
    expect(ask('b', ['a L9 failed', 'b L9 waiting'], { action })).toEqual({ say: 'go' });
  });
});

test('a plan is told every rail that it will meet', () => {
  const miners = Array.from({ length: 6 }, (_, index) => miner(`m${index}`, { circuit: '1', model: index < 3 ? 'L9' : 'L7' }));
  const limits = limitsOf('windows: [{from: "22:00", to: "23:00"}], min_mining_fleet: 4, batch_size: 4, max_in_flight: 5');
  const found = bindings(miners, 'reboot', { situation: situation(miners), limits });
  expect(found.map(({ rail, effect }) => `${rail} ${effect}`)).toEqual(['window refuses', 'canary may_stop', 'batch slows', 'max_in_flight slows', 'circuit slows', 'floor slows', 'stop_on_failures may_stop']);
  expect(found.find(({ rail }) => rail === 'floor')?.detail).toBe('4 miners of the fleet must stay mining, 6 are: at most 2 at once');
  expect(found.find(({ rail }) => rail === 'canary')?.detail).toBe('m0 (L9), m3 (L7) first; the others only after it is verified');
  expect(bindings(miners, 'reboot', { situation: situation(miners), limits, override: 'fire' })[0]).toMatchObject({ rail: 'window', effect: 'slows', detail: expect.stringContaining('overridden: fire') });
  expect(bindings(miners.slice(0, 1), 'locate', { situation: situation(miners), limits })).toEqual([]);
});
