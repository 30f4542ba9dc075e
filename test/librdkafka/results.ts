/** Verdicts of earlier runs, kept by subject, mode and test, so that one test can be run again. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Mode } from './runner.ts'
import type { SubjectName } from './subject.ts'
import type { Verdict } from './verdict.ts'

export interface Result extends Verdict {
  readonly subject: SubjectName
  readonly mode: Mode
  /** `karst` of this commit, or the version of Kafka. */
  readonly version: string
  /** Day of the run, ISO 8601. */
  readonly date: string
}

export async function readResults(file: string): Promise<Result[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[]'
    throw error
  })
  return JSON.parse(text) as Result[]
}

/** Newer results take the place of older ones of the same test. */
export async function addResults(file: string, newer: readonly Result[]): Promise<void> {
  const all = new Map<string, Result>()
  for (const result of [...(await readResults(file)), ...newer]) all.set(keyOf(result), result)
  const sorted = [...all.values()].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  await mkdir(path.dirname(file), { recursive: true })
  const fresh = `${file}.${process.pid}`
  await writeFile(fresh, `${JSON.stringify(sorted, undefined, 1)}\n`)
  await rename(fresh, file)
}

function keyOf({ subject, mode, test }: Result): string {
  return `${subject} ${mode} ${test}`
}
