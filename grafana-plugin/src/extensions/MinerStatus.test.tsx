import { getBackendSrv } from '@grafana/runtime';
import { screen } from '@testing-library/react';
import React from 'react';
import { aRig } from '../test/builders';
import { fakeBackend } from '../test/fakeBackend';
import { renderPage } from '../test/render';
import MinerStatus from './MinerStatus';

jest.mock('@grafana/runtime', () => ({ ...jest.requireActual('@grafana/runtime'), getBackendSrv: jest.fn() }));

const answer = (rigs: unknown[]) => jest.mocked(getBackendSrv).mockReturnValue(fakeBackend({ 'GET read/rigs': { data: { rigs } } }) as never);

it('tells other apps how a miner does, and leads to its page', async () => {
  answer([aRig({ hashrate: 16e9, hashrateRatio: 0.98, money: { profitUsdPerDay: 4.2 } })]);
  renderPage(<MinerStatus miner="l9-01" />);
  expect(await screen.findByRole('link', { name: 'l9-01' })).toHaveAttribute('href', '/a/hashfleet-miningfleet-app/miner/l9-01');
  expect(screen.getByText('Mining')).toBeInTheDocument();
  expect(screen.getByText('16.00 GH/s')).toBeInTheDocument();
  expect(screen.getByText('98.0 % of its preset')).toBeInTheDocument();
  expect(screen.getByText('$4.20 a day')).toBeInTheDocument();
});

it('shows nothing of an old reading, and says when there is no such miner', async () => {
  answer([aRig({ stale: true, hashrate: 16e9 })]);
  const { unmount } = renderPage(<MinerStatus miner="l9-01" />);
  expect(await screen.findByText('Stale')).toBeInTheDocument();
  expect(screen.queryByText('16.00 GH/s')).not.toBeInTheDocument();
  unmount();
  renderPage(<MinerStatus miner="nobody" />);
  expect(await screen.findByText('There is no miner of this name')).toBeInTheDocument();
});
