import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { DashboardListing } from './bootData.ts';

export interface DashboardFile extends DashboardListing {
  json: Record<string, unknown>;
}

/** Classic dashboard JSON files of a folder and its sub-folders; read anew each time, so an edit shows on reload. */
export function readDashboards(folder: string | undefined): DashboardFile[] {
  if (!folder) {
    return [];
  }
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json') && !entry.parentPath.includes('node_modules'))
    .flatMap((entry) => {
      const json = JSON.parse(readFileSync(path.join(entry.parentPath, entry.name), 'utf8')) as Record<string, unknown>;
      return typeof json['uid'] === 'string' && Array.isArray(json['panels'])
        ? [{ uid: json['uid'], title: String(json['title'] ?? json['uid']), tags: (json['tags'] as string[] | undefined) ?? [], json }]
        : [];
    })
    .sort((a, b) => a.title.localeCompare(b.title));
}
