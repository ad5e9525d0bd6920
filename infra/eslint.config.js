import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'build/',
      'cdk.out/',
      'node_modules/',
      'eslint.config.js',
      'lib/edge-versions-reader.js',
      'lib/kill-switch.js',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // node:test awaits the promises that it returns.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'describe', 'it'], package: 'node:test' },
          ],
        },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  // Tests convert parts of templates to text, whatever their type.
  { files: ['test/**'], rules: { '@typescript-eslint/no-base-to-string': 'off' } },
);
