import CopyWebpackPlugin from 'copy-webpack-plugin';
import type { Configuration } from 'webpack';
import { merge } from 'webpack-merge';
import grafanaConfig, { type Env } from './.config/webpack/webpack.config.ts';

/** Texts of scenes in other languages than English: seventeen small chunks, whose names and hashes would all stand in module.js. */
const otherLanguages = /[\\/]@grafana[\\/]scenes[\\/].*[\\/]locales[\\/](?!en-US)/;

/** The scaffold copies the logos of the root plugin only; those of nested plugins would be missing. */
const config = async (env: Env): Promise<Configuration> =>
  merge(await grafanaConfig(env), {
    // Each chunk stands with name, hash and integrity in module.js, which Grafana loads at its start: few and larger ones.
    output: { chunkFilename: '[name].js?_cache=[contenthash:8]' },
    // Runbooks are shown beside their alerts.
    module: { rules: [{ test: /\.md$/, type: 'asset/source' }] },
    optimization: {
      splitChunks: {
        minSize: 60_000,
        cacheGroups: { otherLanguages: { test: otherLanguages, name: 'other-languages', chunks: 'async', enforce: true } },
      },
    },
    plugins: [new CopyWebpackPlugin({ patterns: [{ from: 'panels/*/img/*', to: '[path][name][ext]' }] })],
  });

export default config;
