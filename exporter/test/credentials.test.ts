/** A wrong password costs what needs a password, and nothing else. */
import { expect, test } from '@jest/globals';
import { until } from './fixtures.ts';
import { run, simulated, spec } from './running.ts';

test('a wrong password: the miner is read, the refusal is a series, a counted reason and one log line with the remedy, and no action is sent', async () => {
  const simulator = await simulated([spec('a'), spec('b', { mac: '02:51:00:00:00:02' })]);
  const [a, b] = simulator.miners;
  const exporter = await run([`{name: a, address: "${a!.address}", credentials: wrong}`, `{name: b, address: "${b!.address}"}`], {
    sections: 'credentials: {wrong: {password_env: WRONG_PASSWORD}}', control: '{enabled: true}', environment: { WRONG_PASSWORD: 'not-the-password' },
  });
  await until('both are read, and the password is known to be wrong', async () =>
    (await exporter.value('miner_up', { miner: 'b' })) === 1 && (await exporter.value('miner_credentials_accepted', { miner: 'a' })) === 0);
  expect(await exporter.value('miner_up', { miner: 'a' })).toBe(1);
  expect(await exporter.value('miner_hashrate_hashes_per_second', { miner: 'a' })).toBeGreaterThan(1e10);
  expect(await exporter.value('miner_poll_failures_total', { miner: 'a', reason: 'auth' })).toBe(1);
  expect(await exporter.value('miner_credentials_accepted', { miner: 'b' })).toBe(1);

  const plan = (await exporter.api('/actions', { json: { action: 'reboot', miners: ['a'] } })).body['plan'] as { targets: unknown[]; skipped: { reason: string }[] };
  expect(plan.targets).toEqual([]);
  expect(plan.skipped[0]?.reason).toContain('refused the password');

  // Some polls later it is still one line and one attempt: four an hour lock nobody out.
  const polled = await exporter.value('miner_last_poll_timestamp_seconds', { miner: 'a' });
  await until('three more polls', async () => ((await exporter.value('miner_last_poll_timestamp_seconds', { miner: 'a' })) ?? 0) > (polled ?? 0) + 2.5);
  const lines = exporter.lines.filter((line) => line['miner'] === 'a' && line['reason'] === 'auth');
  expect(lines).toHaveLength(1);
  expect(lines[0]?.['remedy']).toContain('correct it in fleet.yaml');
  expect(a!.requests.list({ method: 'POST', path: '/unlock' })).toHaveLength(1);
});
