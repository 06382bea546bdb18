/** Where the links of a notification lead. The defaults are relative; set a base where notifications are read outside. */
export interface Links {
  /** Folder or URL of the runbooks, one page an alert, without a slash at the end. */
  readonly runbooks: string;
  /** Address of Grafana without a slash at the end, e.g. `https://grafana.example.org`; empty gives paths. */
  readonly grafana: string;
}

export const defaultLinks: Links = { runbooks: 'docs/runbooks', grafana: '' };

/** Grafana's id of the app; the page of one miner is `/a/<id>/miner/<name>`. */
export const appId = 'hashfleet-miningfleet-app';
