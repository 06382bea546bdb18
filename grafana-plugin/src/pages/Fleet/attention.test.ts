import { aRig, someAdvice } from '../../test/builders';
import { attention, lostIncome } from './attention';

const mining = (name: string, parts: Parameters<typeof aRig>[0] = {}) =>
  aRig({ name, phase: 'steady', hashrate: 10e9, hashrateRatio: 1, preset: { name: '3360', hashrate: 10e9 }, money: { revenueUsdPerDay: 5, profitUsdPerDay: 2 }, ...parts });
const gone = (name: string, parts: Parameters<typeof aRig>[0] = {}) => aRig({ name, up: false, reason: 'connect', ...parts });

describe('what needs attention', () => {
  it('is nothing where every miner does what it should, or is meant to stand still', () => {
    expect(attention({ rigs: [mining('a'), mining('b'), gone('c', { intent: 'maintenance' }), aRig({ name: 'd', state: 'stopped', intent: 'curtailed' })] })).toEqual([]);
  });

  it('is ordered by what cannot wait, and among equals by what it costs', () => {
    const rigs = [
      mining('ok-1'), mining('ok-2'),
      mining('slow', { hashrateRatio: 0.9, hashrate: 9e9 }),
      mining('board-1', { boards: { up: 2, expected: 3 }, hashrate: 6.7e9 }),
      mining('board-2', { boards: { up: 1, expected: 3 }, hashrate: 3.3e9 }),
      mining('hot', { temperature: { chipMax: 96 } }),
      gone('away'),
    ];
    expect(attention({ rigs, advice: [someAdvice()], waiting: 1 }).map(({ kind, miners }) => [kind, ...miners])).toEqual([
      ['unreachable', 'away'], ['hot', 'hot'], ['board', 'board-2'], ['board', 'board-1'], ['slow', 'slow'], ['approval'], ['advice'],
    ]);
  });

  it('names each miner once, by its gravest trouble', () => {
    const items = attention({ rigs: [mining('a', { state: 'failure', failure: { description: 'Chain 2 not found' }, boards: { up: 2, expected: 3 }, temperature: { chipMax: 99 } })] });
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ kind: 'failure', detail: 'Chain 2 not found', miners: ['a'] });
  });

  it('tells a miner that warms up from one that is slow', () => {
    expect(attention({ rigs: [mining('a', { phase: 'warming_up', hashrateRatio: 0.3 })] })).toEqual([]);
    expect(attention({ rigs: [mining('a', { hashrateRatio: 0.79 })] })[0]?.tone).toBe('error');
    expect(attention({ rigs: [mining('a', { hashrateRatio: 0.94 })] })[0]?.tone).toBe('warning');
    expect(attention({ rigs: [mining('a', { hashrateRatio: 0.95 })] })).toEqual([]);
  });

  it('names a circuit, rack or site of which nothing answers as one cause, the largest that fits', () => {
    const circuit = [gone('a', { site: 's', rack: 'r1', circuit: 'c1' }), gone('b', { site: 's', rack: 'r1', circuit: 'c1' }), mining('c', { site: 's', rack: 'r1', circuit: 'c2' })];
    expect(attention({ rigs: circuit }).map(({ title, miners }) => [title, miners])).toEqual([['Circuit c1 is dark', ['a', 'b']]]);
    const site = [...circuit.slice(0, 2), gone('c', { site: 's', rack: 'r1', circuit: 'c2' }), mining('d', { site: 't' })];
    expect(attention({ rigs: site }).map(({ title, miners }) => [title, miners])).toEqual([['Site s is dark', ['a', 'b', 'c']]]);
    const one = [gone('a', { circuit: 'c1' }), mining('b', { circuit: 'c1' })];
    expect(attention({ rigs: one }).map(({ title }) => title)).toEqual(['a does not answer']);
  });

  it('adds alerts that tell more than the readings do', () => {
    const cause = (name: string, severity: 'critical' | 'warning' | 'info', miner?: string) =>
      ({ key: name, name, severity, alerts: [{ fingerprint: name, labels: { alertname: name, ...(miner ? { miner } : {}) }, annotations: { summary: `${name}!` }, startsAt: '', status: { state: 'active' as const, inhibitedBy: [], silencedBy: [] } }], consequences: [], since: '' });
    const items = attention({ rigs: [gone('a')], causes: [cause('MinerUnreachable', 'critical', 'a'), cause('PoolDown', 'critical'), cause('MinerDusty', 'warning', 'b'), cause('Note', 'info', 'b')] });
    expect(items.map(({ kind, title, tone }) => [kind, title, tone])).toEqual([['unreachable', 'a does not answer', 'error'], ['alert', 'PoolDown!', 'error'], ['alert', 'MinerDusty!', 'warning']]);
  });

  it('puts urgent advice before what only could be better', () => {
    const [first, second] = attention({ rigs: [], advice: [someAdvice({ urgent: true })], waiting: 2 });
    expect([first?.kind, second?.kind]).toEqual(['advice', 'approval']);
    expect(first?.detail).toBe('Together about $1.25 a day');
    expect(attention({ rigs: [], advice: [someAdvice({ status: 'rejected' })] })).toEqual([]);
  });
});

describe('lost income', () => {
  it('is what others are paid for the hashes that a miner does not do', () => {
    const lost = lostIncome([mining('a'), mining('b', { hashrate: 5e9, money: { revenueUsdPerDay: 2.5 } }), gone('c'), gone('d', { model: 'Antminer L3+' }), mining('e', { intent: 'stopped' })]);
    expect(Object.fromEntries(lost)).toEqual({ a: 0, b: 2.5, c: 5 });
  });

  it('is unknown where nobody is paid', () => {
    expect(lostIncome([gone('a'), aRig({ name: 'b', hashrate: 1e9 })]).size).toBe(0);
  });
});
