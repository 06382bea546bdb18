// Installs and builds everything.
import { prepare } from './prepare.mjs';
import { main, say } from './say.mjs';

await main(async () => {
  await prepare();
  say('Everything is built.');
});
