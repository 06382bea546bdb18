import type { AuditEntry } from '../../api/types';
import { actorsOf, auditCsv, changesOf, entriesFor } from './auditEntries';

const entry = (parts: Partial<AuditEntry> = {}): AuditEntry => ({ sequence: 1, at: '2026-01-01T00:00:00Z', actor: 'jane', token: 'app', event: 'sent', ...parts });
const entries = [entry({ action: 'reboot', miner: 'l9-03' }), entry({ sequence: 2, actor: 'schedule:night', event: 'intent', detail: 'curtailed until 18:00' }), entry({ sequence: 3, event: 'drift_accepted' })];

describe('the audit log', () => {
  it.each([
    [{}, [1, 2, 3]], [{ text: 'REBOOT' }, [1]], [{ text: 'l9-03' }, [1]], [{ text: 'drift accepted' }, [3]], [{ text: '18:00' }, [2]],
    [{ actor: 'jane' }, [1, 3]], [{ event: 'intent' as const }, [2]], [{ actor: 'jane', event: 'intent' as const }, []],
  ])('is filtered by %j', (filter, found) => {
    expect(entriesFor(entries, filter).map(({ sequence }) => sequence)).toEqual(found);
  });

  it('names who is in it, each once', () => {
    expect(actorsOf(entries)).toEqual(['jane', 'schedule:night']);
  });

  it('becomes CSV that no spreadsheet takes for formulas', () => {
    const [head, row] = auditCsv([entry({ detail: '=cmd, "now"', after: { preset: '2600' } })]).split('\r\n');
    expect(head).toBe('sequence,at,actor,event,action,miner,job,outcome,detail,before,after');
    expect(row).toBe('1,2026-01-01T00:00:00Z,jane,sent,,,,,"\'=cmd, ""now""",,"{""preset"":""2600""}"');
  });

  it('tells what changed, and only that', () => {
    expect(changesOf({ before: { preset: '3360', power: 3360, same: 1 }, after: { preset: '2600', same: 1, pools: ['a'] } })).toEqual([
      { field: 'preset', before: '3360', after: '2600' }, { field: 'power', before: '3360', after: undefined }, { field: 'pools', before: undefined, after: '["a"]' },
    ]);
    expect(changesOf({})).toEqual([]);
  });
});
