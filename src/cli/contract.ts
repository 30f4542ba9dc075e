/** `karst contract`: the family of commands on event contracts. */
import { type Command, exitCode } from './command.ts'

export const contract: Command = {
  name: 'contract',
  summary: 'Check, plan, apply and look at event contracts',
  help: '',
  front: {
    name: 'karst contract',
    about: [
      'An event contract is one file of the Open Data Contract Standard (ODCS 3.1). Applied, it',
      'makes topics and schemas, and brokers hold every record to it.',
    ].join('\n'),
    commands: {
      lint: async () => (await import('./contract-lint.ts')).contractLint,
      plan: async () => (await import('./contract-apply.ts')).contractPlan,
      test: async () => (await import('./contract-test.ts')).contractTest,
      apply: async () => (await import('./contract-apply.ts')).contractApply,
      diff: async () => (await import('./contract-diff.ts')).contractDiff,
      list: async () => (await import('./contract-list.ts')).contractList,
      names: async () => (await import('./contract-names.ts')).contractNames,
      export: async () => (await import('./contract-export.ts')).contractExport,
      schema: async () => (await import('./contract-export.ts')).contractSchema,
      show: async () => (await import('./contract-show.ts')).contractShow,
      history: async () => (await import('./contract-show.ts')).contractHistoryCommand,
      rollback: async () => (await import('./contract-apply.ts')).contractRollback,
    },
  },
  run: () => Promise.resolve(exitCode.usage),
}
