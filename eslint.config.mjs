import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import { roomRules } from './run/rooms.mjs';

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'grafana-plugin/', 'plugin-host/', '.hashfleet/', '**/public-build/', 'data/'] },
  js.configs.recommended,
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: globals.node },
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/max-params': ['error', { max: 3 }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Dynamic records are read by key everywhere; tsconfig's noPropertyAccessFromIndexSignature asks for brackets.
      '@typescript-eslint/dot-notation': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'no-console': 'error',
    },
  },
  {
    files: ['**/test/**/*.ts', 'e2e/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', '@typescript-eslint/max-params': 'off' },
  },
  { files: ['**/cli/**/*.ts', 'simulator/src/main.ts', 'bench/src/**/*.ts', '**/src/write.ts'], rules: { 'no-console': 'off' } },
  ...roomRules,
);
