import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['build/', 'cdk.out/', 'node_modules/', 'eslint.config.js', 'lib/edge-versions-reader.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // node:test returns promises that it waits for itself.
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
  // Parts of templates are looked at as text, whatever they are.
  { files: ['test/**'], rules: { '@typescript-eslint/no-base-to-string': 'off' } },
);
