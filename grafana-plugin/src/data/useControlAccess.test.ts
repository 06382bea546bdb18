import { ApiError } from '../api/errors';
import type { Health } from '../api/types';
import { controlAccess } from './useControlAccess';

const health = (control: Health['control']): Health => ({ status: 'ok', version: '1', miners: { configured: 1, up: 1 }, control, scope: 'read' });

describe('acting on miners', () => {
  it('is possible with the permission and control switched on', () => {
    expect(controlAccess(true, health({ enabled: true, readOnly: false }), null)).toEqual({ canAct: true });
  });

  it.each([
    ['without the permission', controlAccess(false, health({ enabled: true, readOnly: false }), null), /role may look/],
    ['while control is off', controlAccess(true, health({ enabled: false, readOnly: false }), null), /control\.enabled/],
    ['while the exporter is read-only', controlAccess(true, health({ enabled: true, readOnly: true }), null), /read-only/],
    ['until the exporter has answered', controlAccess(true, undefined, null), /Asking the exporter/],
    ['while the exporter cannot be reached', controlAccess(true, undefined, new ApiError('unreachable', 'The exporter cannot be reached', '')), /cannot be reached/],
  ])('is not possible %s, and says why', (_, access, reason) => {
    expect(access.canAct).toBe(false);
    expect(access.reason).toMatch(reason);
  });
});
