import { act, renderHook } from '@testing-library/react';
import { aJob, aPlan } from '../test/builders';
import { fakeBackend } from '../test/fakeBackend';
import { withQueries } from '../test/render';
import type { ActionRequest } from '../api/types';
import { useConfirmedAction } from './useConfirmedAction';

let backend: ReturnType<typeof fakeBackend>;
jest.mock('@grafana/runtime', () => ({ getBackendSrv: () => backend }));

const render = () => renderHook(() => useConfirmedAction(), { wrapper: ({ children }) => withQueries(children) });
const miners = ['l9-01', 'l9-02'];
const plan = aPlan(miners);

describe('plan, then confirm', () => {
  it('asks for a dry run first, and confirms with the token of that plan and a key', async () => {
    backend = fakeBackend({
      'POST write/actions': (request) => ({ data: (request.data as ActionRequest).dryRun ? { plan } : { plan, job: aJob(miners) } }),
    });
    const { result } = render();
    await act(() => result.current.plan({ action: 'preset', miners, parameters: { preset: '3100' } }));
    expect(result.current.state).toEqual({ step: 'planned', plan });
    const job = await act(() => result.current.confirm(plan));
    expect(job?.id).toBe('job-1');
    expect(backend.bodies('POST')).toEqual([
      { action: 'preset', miners, parameters: { preset: '3100' }, dryRun: true },
      {
        action: 'preset', miners, parameters: { preset: '3100' }, dryRun: false, confirmationToken: 'token-of-this-plan',
        idempotencyKey: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
    expect(result.current.state).toEqual({ step: 'idle' });
  });

  it('repeats the same key when the first try to confirm failed, and a new one after a new plan', async () => {
    backend = fakeBackend({ 'POST write/actions': (request) => ((request.data as ActionRequest).dryRun ? { data: { plan } } : { status: 502, data: '' }) });
    const { result } = render();
    await act(() => result.current.plan({ action: 'reboot', miners }));
    await act(() => result.current.confirm(plan));
    await act(() => result.current.confirm(plan));
    await act(() => result.current.plan({ action: 'reboot', miners }));
    await act(() => result.current.confirm(plan));
    const keys = (backend.bodies('POST') as ActionRequest[]).filter((body) => !body.dryRun).map((body) => body.idempotencyKey);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it('keeps the plan on the screen, with the error, when confirming fails', async () => {
    backend = fakeBackend({ 'POST write/actions': (request) => ((request.data as ActionRequest).dryRun ? { data: { plan } } : { status: 502, data: '' }) });
    const { result } = render();
    await act(() => result.current.plan({ action: 'pause', miners }));
    await act(() => result.current.confirm(plan));
    expect(result.current.state).toMatchObject({ step: 'planned', plan, failure: { kind: 'unreachable' } });
  });

  it('says why no plan could be made', async () => {
    backend = fakeBackend({ 'POST write/actions': { status: 403, data: { message: 'plugin proxy route access denied' } } });
    const { result } = render();
    await act(() => result.current.plan({ action: 'pause', miners }));
    expect(result.current.state).toMatchObject({ step: 'failed', failure: { kind: 'forbidden' } });
  });

  it('sends no token when the plan needs none', async () => {
    const single = aPlan(['l9-01'], { confirmation: { required: false } });
    backend = fakeBackend({
      'POST write/actions': (request) => ({ data: (request.data as ActionRequest).dryRun ? { plan: single } : { plan: single, job: aJob(['l9-01']) } }),
    });
    const { result } = render();
    await act(() => result.current.plan({ action: 'pause', miners: ['l9-01'] }));
    await act(() => result.current.confirm(single));
    expect(backend.bodies('POST')[1]).not.toHaveProperty('confirmationToken');
  });
});
