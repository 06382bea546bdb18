/** One jest run over every workspace; the Grafana plugin keeps the jest of its own scaffold. */
const project = (name, extra = {}) => ({
  displayName: name,
  rootDir: `<rootDir>/${name}`,
  testMatch: ['<rootDir>/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } }],
  },
  ...extra,
});

export default {
  projects: ['exporter', 'simulator', 'dashboards', 'alerting-rules', 'test'].map((name) => project(name)),
  testTimeout: 20_000,
  maxWorkers: 2,
};
