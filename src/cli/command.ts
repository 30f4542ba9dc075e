/** What a command is: a table of its own, so that `--help` and the front door read the same facts. */

import type { Front } from './dispatch.ts'

/** The world as a command sees it. Only src/main.ts builds a real one. */
export interface CommandIo {
  /** Results. Everything that another program may read. */
  out(text: string): void
  /** Resolves when what was given to `out` is written: await it in loops, or memory grows. */
  drained(): Promise<void>
  /** What a person should know besides: progress, warnings, errors. */
  err(text: string): void
  /** Standard input, as chunks of UTF-8 text. */
  readonly input: AsyncIterable<string>
  /**
   * The text of a file named by whoever typed the command; relative to `cwd`.
   *
   * @throws Failure 'not-found' or 'unavailable', with the name of the file.
   */
  readText(file: string): Promise<string>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** True where `out` is a terminal: then colours and tables, else plain lines. */
  readonly terminal: boolean
  /** Characters in a line of the terminal; undefined where nobody knows. */
  readonly columns?: number | undefined
  /** Aborts on SIGINT and SIGTERM. A command ends soon after; a second signal ends the process. */
  readonly signal: AbortSignal
}

/** What the exit code says. */
export const exitCode = {
  ok: 0,
  /** It was tried and did not work. */
  failure: 1,
  /** It was not understood, nothing was tried. */
  usage: 2,
} as const
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

export interface Command {
  /** Present where the command is a family (`topic create`, `topic list`): `run` is not called then. */
  readonly front?: Front
  readonly name: string
  /** One line, without a period, for the list of commands. */
  readonly summary: string
  /** What `--help` prints: usage, every flag with its default, and examples that work as typed. */
  readonly help: string
  /**
   * Resolves with the exit code once everything is done and nothing is left open.
   *
   * @throws UsageError what was typed is not understood: printed with a pointer to `--help`, exit 2.
   * @throws Failure what was tried did not work: its message is printed, exit 1.
   */
  run(argv: readonly string[], io: CommandIo): Promise<ExitCode>
}
