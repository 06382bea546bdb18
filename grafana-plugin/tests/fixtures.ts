import { test as base, type AppConfigPage, type AppPage } from '@grafana/plugin-e2e';
import type { Page } from '@playwright/test';
import pluginJson from '../src/plugin.json';

export type Login = 'admin' | 'operator' | 'viewer';
export type Theme = 'dark' | 'light';

interface Fixtures {
  gotoPage: (path?: string) => Promise<AppPage>;
  appConfigPage: AppConfigPage;
  /** The plugin host serves users and themes by cookie; a real Grafana is signed in by its own project. */
  signInAs: (login: Login) => Promise<void>;
  wearTheme: (theme: Theme) => Promise<void>;
}

const setCookie = async (page: Page, baseURL: string | undefined, name: string, value: string): Promise<void> =>
  page.context().addCookies([{ name, value, url: baseURL ?? 'http://127.0.0.1:3300' }]);

export const test = base.extend<Fixtures>({
  gotoPage: async ({ gotoAppPage, page }, use) => {
    await use(async (path) => {
      // Fixtures of plugin-e2e open a page of their own; behind it ours would be drawn once a second only.
      await page.bringToFront();
      return gotoAppPage({ path, pluginId: pluginJson.id });
    });
  },
  appConfigPage: async ({ gotoAppConfigPage }, use) => {
    await use(await gotoAppConfigPage({ pluginId: pluginJson.id }));
  },
  signInAs: async ({ page, baseURL }, use) => {
    await use((login) => setCookie(page, baseURL, 'plugin_host_user', login));
  },
  wearTheme: async ({ page, baseURL }, use) => {
    await use((theme) => setCookie(page, baseURL, 'plugin_host_theme', theme));
  },
});

export const proxyUrl = `/api/plugin-proxy/${pluginJson.id}`;

/** Names of miners as the API tells them; the tests know no fleet by heart. */
export async function minerNames(page: Page): Promise<string[]> {
  const reply = await page.request.get(`${proxyUrl}/read/rigs`);
  const { rigs } = (await reply.json()) as { rigs: Array<{ name: string; up: boolean; stale: boolean; activeJob?: string }> };
  return rigs.filter((rig) => rig.up && !rig.stale && rig.activeJob === undefined).map((rig) => rig.name);
}

interface Findings {
  violations: Array<{ id: string; nodes: Array<{ target: unknown[]; failureSummary?: string }> }>;
}

/** What axe finds, short enough to read in a report. A colour that is on its way to another is not judged. */
export async function findings(page: Page, scan: () => Promise<Findings>): Promise<string[]> {
  await page.waitForFunction(() => document.getAnimations().every((animation) => !(animation instanceof CSSTransition)));
  const { violations } = await scan();
  return violations.flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')} (${node.failureSummary ?? ''})`));
}

export { expect } from '@grafana/plugin-e2e';
