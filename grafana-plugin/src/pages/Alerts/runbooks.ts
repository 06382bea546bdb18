import { renderMarkdown } from '@grafana/data';

/** The runbook of an alert as safe HTML, from the project's docs/runbooks; undefined where there is none. All of them are one chunk, loaded when the first is asked for. */
export async function readRunbook(alert: string): Promise<string | undefined> {
  if (!/^\w+$/.test(alert)) {
    return undefined;
  }
  try {
    const { default: text } = (await import(/* webpackMode: "lazy-once", webpackChunkName: "runbooks" */ `../../../../docs/runbooks/${alert}.md`)) as { default: string };
    return renderMarkdown(text);
  } catch {
    return undefined;
  }
}
