/** Writes dashboards/json. Run through `npm run generate -w dashboards`. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { dashboardFiles } from './all.ts';

const out = process.argv[2] ?? 'json';
for (const [name, text] of Object.entries(dashboardFiles())) {
  const file = path.resolve(out, name);
  writeFileSync(file, text);
  console.log(`Wrote ${file}`);
}
