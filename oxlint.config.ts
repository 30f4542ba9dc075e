/**
 * Lint, type-aware. The bans that keep time, chance, disk and network behind ports come from
 * tools/adapters.ts.
 */
import { defineConfig } from 'oxlint'
import { adapters, bannedGlobals, bannedImports, bannedProperties } from './tools/adapters.ts'

const globals = (allowed: readonly string[] = []) => [
  'error' as const,
  ...bannedGlobals
    .filter(({ name }) => !allowed.includes(name))
    .map(({ name, instead }) => ({ name, message: instead })),
]
const imports = (allowed: readonly string[] = []) => [
  'error' as const,
  {
    paths: bannedImports
      .filter(({ name }) => !allowed.includes(name))
      .map(({ name, instead }) => ({ name, message: instead })),
  },
]
const properties = (allowed: readonly string[] = []) => [
  'error' as const,
  ...bannedProperties
    .filter(({ object, name }) => !allowed.includes(`${object}.${name}`))
    .map(({ object, name, instead }) => ({ object, property: name, message: instead })),
]

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'node'],
  options: { typeAware: true },
  categories: { correctness: 'error', suspicious: 'error' },
  rules: {
    'import/no-cycle': 'error',
    'max-lines-per-function': ['error', { max: 70, skipBlankLines: false, skipComments: false }],
    eqeqeq: 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'typescript/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/switch-exhaustiveness-check': [
      'error',
      { considerDefaultExhaustiveForUnions: true },
    ],
    'typescript/no-floating-promises': [
      'error',
      {
        allowForKnownSafeCalls: [
          { from: 'package', package: 'node:test', name: ['test', 'describe', 'it', 'suite'] },
        ],
      },
    ],
    'unicorn/no-abusive-eslint-disable': 'error',
    'unicorn/prefer-node-protocol': 'error',
    // Narrowing casts at the edge of bytes and rows are checked by the parsers beside them.
    'typescript/no-unsafe-type-assertion': 'off',
    // Bytes are read in loops whose bounds were checked before: a branch per byte costs too much.
    'typescript/no-non-null-assertion': 'off',
    // The compiler's noImplicitReturns knows which switches are total, this rule does not.
    'typescript/consistent-return': 'off',
    // CommonJS packages are imported as Node gives them.
    'import/no-named-as-default-member': 'off',
    // A sort in place of an array of one's own copies nothing.
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    // A copy is what keeps a loop right whose body changes what it walks over.
    'unicorn/no-useless-spread': 'off',
    // Conditions change in callbacks, and rows are typed by whoever asks for them.
    'no-unmodified-loop-condition': 'off',
    'typescript/no-unnecessary-type-parameters': 'off',
    // Long messages are broken where the line ends.
    'no-useless-concat': 'off',
    // A shadowed short name in a nested callback is clearer than a second name for the same thing.
    'no-shadow': 'off',
    'no-underscore-dangle': 'off',
    // Order in which awaits happen is the point of most of our loops.
    'no-await-in-loop': 'off',
    // A file may export functions that need no `this` yet belong to a port.
    'unicorn/consistent-function-scoping': 'off',
  },
  overrides: [
    // The body of a `describe` is not one function to a reader.
    { files: ['**/*.test.ts', '**/*-contract.ts'], rules: { 'max-lines-per-function': 'off' } },
    {
      files: ['src/**/*.ts'],
      excludeFiles: ['src/**/*.test.ts'],
      rules: {
        'no-restricted-globals': globals(),
        'no-restricted-imports': imports(),
        'no-restricted-properties': properties(),
      },
    },
    ...adapters.map((adapter) => ({
      files: [adapter.path.endsWith('/') ? `${adapter.path}**` : adapter.path],
      rules: {
        'no-restricted-globals': globals(adapter.globals),
        'no-restricted-imports': imports(adapter.imports),
        'no-restricted-properties': properties(adapter.properties),
      },
    })),
  ],
})
