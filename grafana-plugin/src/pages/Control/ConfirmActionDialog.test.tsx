import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import type { ActionRequest } from '../../api/types';
import { aJob, aPlan, aPreset } from '../../test/builders';
import { fakeBackend } from '../../test/fakeBackend';
import { renderPage } from '../../test/render';
import { ConfirmActionDialog } from './ConfirmActionDialog';

let backend: ReturnType<typeof fakeBackend>;
jest.mock('@grafana/runtime', () => ({ ...jest.requireActual('@grafana/runtime'), getBackendSrv: () => backend, hasPermission: () => true }));

const onStarted = jest.fn();
const onDismiss = jest.fn();
const open = (props: Pick<React.ComponentProps<typeof ConfirmActionDialog>, 'action' | 'miners'>) =>
  renderPage(<ConfirmActionDialog {...props} onStarted={onStarted} onDismiss={onDismiss} />);
const answers = (plan: ReturnType<typeof aPlan>, onConfirm: () => object = () => ({ data: { plan, job: aJob(['a']) } })) => ({
  'POST write/actions': (request: { data?: unknown }) => ((request.data as ActionRequest).dryRun ? { data: { plan } } : onConfirm()),
});

beforeEach(() => jest.clearAllMocks());

describe('the dialog before an action', () => {
  it('shows what the exporter plans and whom it leaves out', async () => {
    backend = fakeBackend(answers(aPlan(['l9-01'], { skipped: [{ miner: 'l9-02', reason: 'cooling down for 40 s' }], effect: { powerWatts: -260 } })));
    open({ action: 'restart_mining', miners: ['l9-01', 'l9-02'] });
    expect(await screen.findByText(/cooling down for 40 s/)).toBeInTheDocument();
    expect(screen.getByText('−260.00 W')).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Restart mining' })).toBeEnabled();
  });

  it('wants the count typed for more than one miner, and counts the miners that are left', async () => {
    backend = fakeBackend(answers(aPlan(['a', 'b'], { skipped: [{ miner: 'c', reason: 'busy' }] })));
    open({ action: 'reboot', miners: ['a', 'b', 'c'] });
    const box = await screen.findByLabelText(/Type 2 to confirm/);
    expect(screen.getByRole('button', { name: 'Reboot' })).toBeDisabled();
    await userEvent.type(box, '3');
    expect(screen.getByRole('button', { name: 'Reboot' })).toBeDisabled();
    await userEvent.clear(box);
    await userEvent.type(box, '2');
    await userEvent.click(screen.getByRole('button', { name: 'Reboot' }));
    await waitFor(() => expect(onStarted).toHaveBeenCalledWith(expect.objectContaining({ id: 'job-1' })));
  });

  it('wants the text of a step-up typed letter by letter, and sends it', async () => {
    backend = fakeBackend(answers(aPlan(['l9-01'], { stepUp: { typed: 'l9-01' } })));
    open({ action: 'reboot', miners: ['l9-01'] });
    const box = await screen.findByLabelText(/Type l9-01 to confirm/);
    await userEvent.type(box, 'l9-02');
    expect(screen.getByRole('button', { name: 'Reboot' })).toBeDisabled();
    await userEvent.clear(box);
    await userEvent.type(box, 'l9-01');
    await userEvent.click(screen.getByRole('button', { name: 'Reboot' }));
    await waitFor(() => expect(onStarted).toHaveBeenCalled());
    expect(backend.requests.filter(({ url }) => url.endsWith('write/actions')).at(-1)?.data).toMatchObject({ dryRun: false, typed: 'l9-01' });
  });

  it('says when a second person has to approve, before and after', async () => {
    const plan = aPlan(['a'], { fourEyes: '"pause" needs the approval of a second person' });
    backend = fakeBackend(answers(plan, () => ({ data: { plan, approval: { id: 'x1', reason: '"pause" needs the approval of a second person' } } })));
    open({ action: 'pause', miners: ['a'] });
    expect(await screen.findByText('A second person has to approve this')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Pause' }));
    expect(await screen.findByText('It waits for a second person')).toBeInTheDocument();
    expect(onStarted).not.toHaveBeenCalled();
    await userEvent.click(screen.getByRole('button', { name: 'Done' }));
    expect(onDismiss).toHaveBeenCalled();
  });

  it('stays open with the error when starting fails, and offers a new plan', async () => {
    backend = fakeBackend(
      answers(aPlan(['a']), () => ({ status: 409, data: { type: '', title: 'The plan has changed', status: 409, detail: 'Plan again.', code: 'plan_changed' } }))
    );
    open({ action: 'pause', miners: ['a'] });
    await userEvent.click(await screen.findByRole('button', { name: 'Pause' }));
    expect(await screen.findByText('The plan has changed')).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Plan again' })).toBeInTheDocument();
    expect(onStarted).not.toHaveBeenCalled();
  });

  it('offers nothing to confirm when every miner is left out', async () => {
    backend = fakeBackend(answers(aPlan([], { skipped: [{ miner: 'a', reason: 'offline' }] })));
    open({ action: 'resume', miners: ['a'] });
    expect(await screen.findByText('Nothing to do')).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Resume' })).toBeDisabled();
  });

  it('lets a preset be chosen first, and asks before an untuned one', async () => {
    backend = fakeBackend({
      'GET read/rigs/a/presets': { data: { miner: 'a', presets: [aPreset({ current: true }), aPreset({ name: '3100', label: '3100 W', tuned: false })] } },
      ...answers(aPlan(['a'], { action: 'preset' })),
    });
    open({ action: 'preset', miners: ['a'] });
    await userEvent.click(await screen.findByRole('radio', { name: /3100 W/ }));
    await userEvent.click(screen.getByRole('checkbox', { name: /Start it anyway/ }));
    await userEvent.click(screen.getByRole('button', { name: 'Show plan' }));
    await screen.findByRole('button', { name: 'Change preset' });
    expect(backend.bodies('POST')).toEqual([{ action: 'preset', miners: ['a'], parameters: { preset: '3100', allowUntuned: true }, dryRun: true }]);
  });
});
