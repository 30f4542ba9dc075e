/**
 * Remembers what a broker of a fleet has seen of the catalog, and holds every new session against
 * it. A catalog that knows less has gone back in time: a standby that was behind took over, or a
 * backup was put in its place. Going on would give offsets twice, so the broker says so in the
 * catalog itself, where all others find it, and ends (pitfall A9). `karst catalog rescue` makes the
 * catalog fit again.
 */
import { type Clock, sleep } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { ReadTransaction } from '../catalog/database.ts'
import type { FleetDatabase } from '../catalog/fleet-database.ts'
import { refuseRescue, readRescue, writeRescue } from '../catalog/rescue-state.ts'
import { clusterFacts, counters, partitions } from '../catalog/schema.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { objectKey } from '../log/stored-runs.ts'
import type { ObjectStore } from '../objects/object-store.ts'

/** Rows of one statement: ten thousand partitions are looked at in some ten milliseconds. */
const rowsTogether = 1_000
/** The word to others is tried for so long; this broker refuses everything meanwhile. */
const tellMsMax = 60_000
const retryMs = 1_000

export interface SeenCatalog {
  readonly clusterId: string
  readonly leaderEpoch: number
  readonly incarnation: number
  readonly index: { all(): Iterable<Pick<PartitionLog, 'partitionId' | 'logEnd'>> }
}

export interface WitnessDeps {
  readonly clock: Clock
  readonly log: Log
  /** Opens the catalog without this witness, to tell others. */
  readonly openDatabase: () => Promise<FleetDatabase>
  /** The broker must end. */
  readonly ended: (failure: Failure) => void
}

export class CatalogWitness {
  readonly #deps: WitnessDeps
  #seen: SeenCatalog | undefined
  /** Once it is set no session is accepted any more. */
  #fault: Failure | undefined

  constructor(deps: WitnessDeps) {
    this.#deps = deps
  }

  /** From now on every new session is held against what is known. */
  watch(seen: SeenCatalog): void {
    this.#seen = seen
  }

  /** @throws Failure 'fenced': the catalog is not the one that this broker began with. */
  async accept(tx: ReadTransaction): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault
    const seen = this.#seen
    if (seen === undefined) return
    // Before the first statement: what is known by now is in the snapshot.
    const ends = Array.from(seen.index.all(), ({ partitionId, logEnd }) => ({
      partitionId,
      logEnd,
    }))
    const changed = await changeOf(tx, seen)
    if (changed !== undefined) throw this.#end(changed)
    const lost = await lossOf(tx, seen, ends)
    if (lost === undefined) return
    throw this.#tell(`the catalog has gone back in time: ${lost}`)
  }

  /**
   * A number that was drawn just now names nothing yet. Where it does the catalog has given it
   * before, and forgotten that.
   *
   * @throws Failure 'conflict': the catalog went back; it is in rescue now. 'unavailable'.
   */
  async refuseReused(objects: ObjectStore, clusterId: string, incarnation: number): Promise<void> {
    const [found] = await objects.list(
      objectKey(clusterId, `journal-${incarnation}-`),
      undefined,
      1,
    )
    if (found === undefined) return
    const text = `it gave incarnation ${incarnation}, which ${found.key} has already`
    await this.#note()
    throw new Failure(
      'conflict',
      `the catalog has gone back in time: ${text}; run karst catalog rescue ` +
        '(docs/runbooks/catalog-backup.md)',
    )
  }

  #end(reason: string): Failure {
    this.#fault ??= new Failure('fenced', `${reason}: this broker ends`)
    this.#deps.ended(this.#fault)
    return this.#fault
  }

  /** Ends once others can know why, or cannot be told. */
  #tell(reason: string): Failure {
    const { log } = this.#deps
    const todo = 'this broker ends; run karst catalog rescue (docs/runbooks/catalog-backup.md)'
    const fault = new Failure('fenced', `${reason}: ${todo}`)
    this.#fault = fault
    log.error({ reason }, 'the catalog has gone back in time')
    void this.#insist().then(() => this.#deps.ended(fault))
    return fault
  }

  async #insist(): Promise<void> {
    const { clock, log } = this.#deps
    const untilMs = clock.monotonicMs() + tellMsMax
    while (clock.monotonicMs() < untilMs) {
      try {
        return await this.#note()
      } catch (error) {
        if (!isFailure(error)) throw error
        log.warn({ error: error.message }, 'others are not told yet that the catalog went back')
        await sleep(clock, retryMs)
      }
    }
  }

  async #note(): Promise<void> {
    const database = await this.#deps.openDatabase()
    try {
      if ((await readRescue(database)) !== undefined) return
      const sinceMs = await database.databaseMs()
      const none = { backupId: '', backupMs: -1, isLoaded: true, firstObject: -1 } as const
      await writeRescue(database, { reason: 'went-back', sinceMs, ...none })
    } finally {
      await database.close()
    }
  }
}

/** Why this is another catalog; undefined where it is the same. */
async function changeOf(tx: ReadTransaction, seen: SeenCatalog): Promise<string | undefined> {
  try {
    await refuseRescue(tx)
  } catch (error) {
    if (isFailure(error, 'conflict')) return error.message
    throw error
  }
  const [id, epoch] = await tx.get(clusterFacts, [['cluster.id'], ['leader.epoch']])
  if (id !== undefined && id.value !== seen.clusterId) {
    return `the catalog is of cluster ${id.value} by now, and was of ${seen.clusterId}`
  }
  if (Number(epoch?.value ?? 0) <= seen.leaderEpoch) return undefined
  return `the catalog was rescued: its leader epoch is ${epoch?.value}, and was ${seen.leaderEpoch}`
}

/** What the catalog knew and knows no more; undefined where that is nothing. */
async function lossOf(
  tx: ReadTransaction,
  { incarnation }: SeenCatalog,
  ends: readonly { readonly partitionId: number; readonly logEnd: number }[],
): Promise<string | undefined> {
  const [brokers, made] = await tx.get(counters, [['broker.incarnation'], ['partition.id']])
  if ((brokers?.next ?? 0) <= incarnation) {
    return `it has not given incarnation ${incarnation}, which this broker has`
  }
  for (let at = 0; at < ends.length; at += rowsTogether) {
    const some = ends.slice(at, at + rowsTogether)
    const rows = await tx.get(
      partitions,
      some.map(({ partitionId }) => [partitionId]),
    )
    for (const [index, { partitionId, logEnd }] of some.entries()) {
      const row = rows[index]
      if (row !== undefined && row.logEnd < logEnd) {
        return `partition ${partitionId} ends at ${row.logEnd}, and ${logEnd} was seen`
      }
      // Gone with its topic, or not made yet.
      if (row === undefined && partitionId >= (made?.next ?? 0)) {
        return `it has not made partition ${partitionId}, which was seen`
      }
    }
  }
  return undefined
}
