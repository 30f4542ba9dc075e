/**
 * Verdicts of earlier runs, kept by test in a file for each subject and mode, so that some tests
 * can be run again, and different modes side by side.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Mode } from './runner.ts'
import type { SubjectName } from './subject.ts'
import type { Verdict } from './verdict.ts'

export interface Round {
  readonly subject: SubjectName
  readonly mode: Mode
}

export interface Result extends Verdict, Round {
  /** `karst` of this commit, or the version of Kafka. */
  readonly version: string
  /** Day of the run, ISO 8601. */
  readonly date: string
}

export class Results {
  readonly #folder: string
  #lastWrite: Promise<void> = Promise.resolve()

  constructor(folder: string) {
    this.#folder = folder
  }

  async read(round: Round): Promise<Result[]> {
    const text = await readFile(this.#fileOf(round), 'utf8').catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '[]'
        throw error
      },
    )
    return JSON.parse(text) as Result[]
  }

  /** Newer results take the place of older ones of the same test. One write follows the other. */
  add(round: Round, newer: readonly Result[]): Promise<void> {
    this.#lastWrite = this.#lastWrite.then(() => this.#merge(round, newer))
    return this.#lastWrite
  }

  async #merge(round: Round, newer: readonly Result[]): Promise<void> {
    const all = new Map<string, Result>()
    for (const result of [...(await this.read(round)), ...newer]) all.set(result.test, result)
    const sorted = [...all.values()].toSorted((a, b) => (a.test < b.test ? -1 : 1))
    await mkdir(this.#folder, { recursive: true })
    const file = this.#fileOf(round)
    await writeFile(`${file}.new`, `${JSON.stringify(sorted, undefined, 1)}\n`)
    await rename(`${file}.new`, file)
  }

  #fileOf({ subject, mode }: Round): string {
    return path.join(this.#folder, `${subject}-${mode}.json`)
  }
}
