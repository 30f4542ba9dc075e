/**
 * Changes of the registry: judged on what a snapshot showed, since parsing takes longer than locks
 * may be held, and written only where nothing has changed since.
 */
import { Failure } from '../base/errors.ts'
import type { CatalogDatabase, ReadTransaction, Transaction } from '../catalog/database.ts'
import { type RegistryContextRow, registryContexts } from '../catalog/schema-registry.ts'
import { compareKeys } from '../catalog/table.ts'
import { readChanges } from './registry-reads.ts'

/** Others change the same context in between: each time costs one more look. */
const attemptsMax = 20

/** The last change of each context that a judgement depends on. */
export type SeenChanges = ReadonlyMap<string, number>

export async function seeChanges(
  tx: ReadTransaction,
  contexts: readonly string[],
): Promise<SeenChanges> {
  const seen = new Map<string, number>()
  for (const context of new Set(contexts)) seen.set(context, await readChanges(tx, context))
  return seen
}

/** Thrown in a transaction where what was judged is not so any more: nothing is written. */
export class ChangedMeanwhile extends Error {
  override readonly name = 'ChangedMeanwhile'
}

/** What came of judging: the answer, where nothing is to be written, or a change. */
export type Judgement<Result> = { readonly answer: Result } | JudgedChange<Result>

/** What it depends on, and what it writes under the locks of `contexts`. */
export interface JudgedChange<Result> {
  readonly seen: SeenChanges
  /** What is written belongs to these. */
  readonly contexts: readonly string[]
  /** What else belongs to the same transaction and is locked before contexts are. */
  readonly prepare?: (tx: Transaction) => Promise<void>
  /** `rows`: the locked contexts by name; what `write` sets there is written with it. */
  readonly write: (tx: Transaction, rows: Map<string, RegistryContextRow>) => Promise<Result>
}

/**
 * Judges and writes, again where somebody else was faster. Asking again after a lost answer is the
 * caller's: what was written shows in the next judgement.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome'
 */
export async function changeContexts<Result>(
  database: CatalogDatabase,
  name: string,
  judge: () => Promise<Judgement<Result>>,
): Promise<Result> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const judged = await judge()
    if ('answer' in judged) return judged.answer
    try {
      return await database.transaction(name, (tx) => writeJudged(tx, judged))
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile)) throw error
    }
  }
  throw new Failure('unavailable', `${name}: others changed the same context ${attemptsMax} times`)
}

async function writeJudged<Result>(
  tx: Transaction,
  { prepare, contexts, seen, write }: JudgedChange<Result>,
): Promise<Result> {
  await prepare?.(tx)
  const rows = await lockContexts(tx, contexts)
  for (const [context, changes] of seen) {
    const now = rows.get(context)?.changes ?? (await readChanges(tx, context))
    if (now !== changes) throw new ChangedMeanwhile()
  }
  const result = await write(tx, rows)
  const changed = [...rows.values()].map((row) => ({ ...row, changes: row.changes + 1 }))
  await tx.put(registryContexts, changed)
  return result
}

async function lockContexts(
  tx: Transaction,
  contexts: readonly string[],
): Promise<Map<string, RegistryContextRow>> {
  const names = [...new Set(contexts)].toSorted((a, b) => compareKeys([a], [b]))
  const rows = new Map<string, RegistryContextRow>()
  // One after the other: all inserted at first would be behind those still to be locked.
  for (const context of names) {
    await tx.insert(registryContexts, [{ context, nextId: 1, changes: 0 }])
    for (const row of await tx.lock(registryContexts, [[context]], 'exclusive')) {
      rows.set(context, row)
    }
  }
  return rows
}
