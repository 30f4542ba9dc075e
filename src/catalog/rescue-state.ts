/**
 * Whether a catalog may be worked with. One that was restored from a backup, or has gone back in
 * time, knows less than what was acknowledged: until it is rescued every broker refuses it
 * (pitfalls A9, C2). Persisted as a fact of the cluster.
 */
import { Failure } from '../base/errors.ts'
import type { CatalogDatabase, CatalogReader, ReadTransaction } from './database.ts'
import { clusterFacts } from './schema.ts'

export const rescueFact = 'rescue'

export interface RescueState {
  /** Why it is in rescue. */
  readonly reason: 'restored' | 'went-back'
  /** The backup that was restored; '' where it went back by itself. */
  readonly backupId: string
  /** Database time of the backup; -1 where there is none. */
  readonly backupMs: number
  readonly sinceMs: number
  /** False while rows of the backup are missing. */
  readonly isLoaded: boolean
  /** The number of the first packed object that it does not know; -1 until a rescue has begun. */
  readonly firstObject: number
}

export function readRescue(catalog: CatalogReader): Promise<RescueState | undefined> {
  return catalog.snapshot('read rescue', rescueIn)
}

async function rescueIn(tx: ReadTransaction): Promise<RescueState | undefined> {
  const [fact] = await tx.get(clusterFacts, [[rescueFact]])
  return fact === undefined ? undefined : (JSON.parse(fact.value) as RescueState)
}

/** @throws Failure 'unavailable' | 'unknown-outcome': write it again. */
export function writeRescue(database: CatalogDatabase, state: RescueState): Promise<void> {
  return database.transaction('write rescue', (tx) =>
    tx.put(clusterFacts, [{ name: rescueFact, value: JSON.stringify(state) }]),
  )
}

/** The catalog may be worked with from now on. @throws Failure as above. */
export async function endRescue(database: CatalogDatabase): Promise<void> {
  await database.transaction('end rescue', (tx) => tx.delete(clusterFacts, [[rescueFact]]))
}

/** @throws Failure 'conflict': the catalog is in rescue; what to do. */
export async function refuseRescue(tx: ReadTransaction): Promise<void> {
  const state = await rescueIn(tx)
  if (state === undefined) return
  const why =
    state.reason === 'restored'
      ? `was restored from backup ${state.backupId}`
      : 'knows less than brokers have seen: it has gone back in time'
  const todo = state.isLoaded ? 'karst catalog rescue' : 'the same karst catalog restore again'
  throw new Failure(
    'conflict',
    `the catalog ${why}, and no broker may work with it yet: run ${todo} ` +
      '(docs/runbooks/catalog-backup.md)',
  )
}
