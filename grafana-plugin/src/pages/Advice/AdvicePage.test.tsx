import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import { type Recommendation } from '../../api/types';
import { aJob, aPlan, someAdvice } from '../../test/builders';
import { fakeBackend } from '../../test/fakeBackend';
import { renderPage } from '../../test/render';
import AdvicePage from './AdvicePage';

let backend: ReturnType<typeof fakeBackend>;
let mayWrite = true;
jest.mock('@grafana/runtime', () => ({
  ...jest.requireActual('@grafana/runtime'), getBackendSrv: () => backend, hasPermission: (action: string) => mayWrite || !action.endsWith('write'),
  PluginPage: ({ children, actions }: { children: React.ReactNode; actions: React.ReactNode }) => <div>{actions}{children}</div>,
}));

const health = { data: { version: '1', miners: { configured: 1, up: 1 }, control: { enabled: true, readOnly: false } } };
const answers = (list: Recommendation[], more: Parameters<typeof fakeBackend>[0] = {}) =>
  fakeBackend({ 'GET read/recommendations': { data: { recommendations: list } }, 'GET read/health': health, ...more });
const sent = (path: string) => backend.requests.filter(({ method, url }) => method === 'POST' && url.endsWith(path)).map(({ data }) => data);

beforeEach(() => {
  mayWrite = true;
  // jsdom draws nothing, and a combobox asks how wide its text is.
  HTMLCanvasElement.prototype.getContext = (() => ({ measureText: (text: string) => ({ width: 8 * text.length }) })) as unknown as typeof HTMLCanvasElement.prototype.getContext;
});

describe('the page of advice', () => {
  it('says what it brings, how sure that is, and why', async () => {
    backend = answers([someAdvice()]);
    renderPage(<AdvicePage />);
    const card = await screen.findByRole('article', { name: /Other preset: l9-01/ });
    expect(within(card).getByText('93 %')).toBeInTheDocument();
    expect(card).toHaveTextContent('+$1.25 (+$0.40 … +$2.10)');
    expect(card).toHaveTextContent('Saves 760 W');
    expect(card).toHaveTextContent('Instead: 2400 (+$0.90)');
    expect(screen.getByText('1 open. All changes together: +$1.25 a day.')).toBeInTheDocument();
  });

  it('plans what follows it, then sends exactly that plan', async () => {
    const plan = aPlan(['l9-01'], { action: 'preset' });
    backend = answers([someAdvice()], { 'POST write/recommendations/advice-1/apply': (request) => ({ data: (request.data as { dryRun: boolean }).dryRun ? { plan } : { plan, job: aJob(['l9-01'], { action: 'preset' }) } }), 'GET read/jobs/job-1': { data: aJob(['l9-01']) } });
    renderPage(<AdvicePage />);
    await userEvent.click(await screen.findByRole('button', { name: 'Apply to l9-01' }));
    const dialog = await screen.findByRole('dialog');
    await waitFor(() => expect(sent('/apply')).toEqual([{ dryRun: true }]));
    await userEvent.click(await within(dialog).findByRole('button', { name: /preset/i }));
    await waitFor(() => expect(sent('/apply')[1]).toMatchObject({ dryRun: false, confirmationToken: 'token-of-this-plan' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
  });

  it('approves and rejects, and asks anew', async () => {
    backend = answers([someAdvice({ kind: 'explore' })], { 'POST write/recommendations/advice-1/approve': { data: someAdvice({ status: 'approved' }) }, 'POST write/recommendations/advice-1/reject': { data: someAdvice({ status: 'rejected' }) } });
    renderPage(<AdvicePage />);
    await userEvent.click(await screen.findByRole('button', { name: 'Approve for l9-01' }));
    await waitFor(() => expect(sent('/approve')).toHaveLength(1));
    expect(screen.queryByRole('button', { name: 'Apply to l9-01' })).not.toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Reject for l9-01' }));
    await waitFor(() => expect(sent('/reject')).toHaveLength(1));
    await waitFor(() => expect(backend.requests.filter(({ method, url }) => method === 'GET' && url.endsWith('recommendations')).length).toBeGreaterThan(2));
  });

  it('shows an error of the exporter beside what is known', async () => {
    backend = answers([someAdvice()], { 'POST write/recommendations/generate': { status: 503, data: { title: 'Busy', detail: 'A job is running.', code: 'busy', status: 503 } } });
    renderPage(<AdvicePage />);
    await screen.findByRole('article');
    await userEvent.click(screen.getByRole('button', { name: 'Judge the fleet now' }));
    expect(await screen.findByText(/A job is running/)).toBeInTheDocument();
    expect(screen.getByRole('article')).toBeInTheDocument();
  });

  it('lets a viewer look and not act', async () => {
    mayWrite = false;
    backend = answers([someAdvice()]);
    renderPage(<AdvicePage />);
    expect(await screen.findByText(/You can look, not act/)).toBeInTheDocument();
    expect(await screen.findByRole('button', { name: 'Apply to l9-01' })).toHaveAttribute('aria-disabled', 'true');
  });

  it('keeps what is history apart, with what came of it', async () => {
    backend = answers([someAdvice({ status: 'applied', decidedBy: 'ada', decidedAt: '2026-01-01T01:00:00Z', appliedAt: '2026-01-01T01:00:00Z', outcome: { at: '2026-01-02T01:00:00Z', inPlace: true, usdPerDay: 1.1 } }), someAdvice({ id: '2', status: 'rolled_back', result: 'hashrate too low; rolled back to 3360' })]);
    renderPage(<AdvicePage />, '/?show=history');
    expect(await screen.findByText(/A day later it brings \+\$1\.10 a day/)).toBeInTheDocument();
    expect(screen.getByText(/rolled back to 3360/)).toBeInTheDocument();
    expect(screen.getByText('Nothing to do now.')).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Take back on l9-01' })).toBeInTheDocument();
  });

  it('says why there is none', async () => {
    backend = answers([]);
    renderPage(<AdvicePage />);
    expect(await screen.findByText('No open advice')).toBeInTheDocument();
    expect(screen.getByText(/judged every quarter of an hour/)).toBeInTheDocument();
  });
});
