import { readFileSync } from 'fs';
import path from 'path';

const root = path.resolve(__dirname, '../../..');
const page = readFileSync(path.join(root, 'docs/operator-tasks.md'), 'utf8');
const specs = readFileSync(path.join(root, 'grafana-plugin/tests/operatorTasks.ts'), 'utf8');

describe('the list of what an operator comes for', () => {
  it('is the one that the specs count', () => {
    const listed = [...page.matchAll(/^\| (.+) \| (\d+) \|$/gm)].map(([, title, clicks]) => ({ title, clicks }));
    const counted = [...specs.matchAll(/title: '(.+)', clicks: (\d+) /g)].map(([, title, clicks]) => ({ title, clicks }));
    expect(listed).toEqual(counted);
    expect(counted.length).toBeGreaterThanOrEqual(20);
  });
});
