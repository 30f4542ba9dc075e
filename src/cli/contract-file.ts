/** Reads a contract's file with the files that it names, and asks a broker about it. */
import path from 'node:path'
import type { Applied, GivenContract } from '../contract/contracts.ts'
import { type ContractIssue, issueText } from '../contract/file/issue.ts'
import { parseContract } from '../contract/file/parse-contract.ts'
import type { PlannedChange } from '../contract/store/plan.ts'
import { type CommandIo, type ExitCode, exitCode } from './command.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

export const registryFlag = {
  registry: {
    kind: 'value',
    shape: 'HOST:PORT',
    doc: 'A broker’s --registry address, or its URL (127.0.0.1:8081)',
  },
} as const

export const registryAddress = (flags: { readonly registry: string | undefined }): string =>
  flags.registry ?? '127.0.0.1:8081'

export interface ReadContract extends GivenContract {
  readonly issues: readonly ContractIssue[]
}

/** @throws Failure a file cannot be read. */
export async function readContractFile(
  io: Pick<CommandIo, 'readText'>,
  file: string,
): Promise<ReadContract> {
  const text = await io.readText(file)
  const { contract, issues } = parseContract(text)
  const files: Record<string, string> = {}
  for (const { source, keySource } of contract?.events ?? []) {
    for (const named of [source, keySource]) {
      if (named === undefined) continue
      files[named.file] = await io.readText(path.join(path.dirname(file), named.file))
    }
  }
  return { text, files, issues }
}

export function oneFile(words: readonly string[]): string {
  const [file, ...others] = words
  if (file === undefined || others.length > 0) {
    throw new UsageError(`takes the file of one contract, got ${words.join(' ') || 'nothing'}`)
  }
  return file
}

const hasError = (issues: readonly ContractIssue[]): boolean =>
  issues.some(({ severity }) => severity === 'error')

/** What a plan says, or what became of applying it; the exit code tells whether it can be, or was. */
export function tellPlanned(
  io: Pick<CommandIo, 'out' | 'err' | 'terminal'>,
  file: string,
  { issues, plan, revision }: Applied,
  isJson: boolean,
): ExitCode {
  const isWrong = hasError(issues) || plan === undefined || plan.faults.length > 0
  if (isJson) {
    io.out(jsonText({ issues, ...(plan === undefined ? {} : { plan }), revision }))
    return isWrong ? exitCode.failure : exitCode.ok
  }
  for (const issue of issues) io.err(`${issueText(file, issue)}\n`)
  if (plan === undefined) return exitCode.failure
  io.out(planText(plan.changes, io.terminal))
  for (const fault of plan.faults) io.err(`cannot be applied: ${fault}\n`)
  if (revision !== undefined) io.err(`applied as revision ${revision}\n`)
  return isWrong ? exitCode.failure : exitCode.ok
}

export function planText(changes: readonly PlannedChange[], isTerminal: boolean): string {
  const rows = changes.map(({ action, area, target, before, after, note }) => {
    return [action, area, target, before ?? null, after ?? null, note ?? null]
  })
  return tableText(['ACTION', 'WHAT', 'WHERE', 'BEFORE', 'AFTER', 'NOTE'], rows, isTerminal)
}
