/** An append lane over a catalog in memory, whose writes to the journal a test holds in its hands. */
import assert from 'node:assert/strict'
import { Failure } from '../../src/base/errors.ts'
import type { Hold } from '../../src/base/hold.ts'
import { silentLog } from '../../src/base/log.ts'
import type { AppendIntent } from '../../src/catalog/commit-groups.ts'
import { type MemoryDatabase, openMemoryDatabase } from '../../src/catalog/memory-database.ts'
import type { MemoryFault, MemoryPoint } from '../../src/catalog/memory-faults.ts'
import type { AppendOutcome } from '../../src/catalog/outcomes.ts'
import { createTopic } from '../../src/catalog/topics.ts'
import type { GroupPlace, Journal, JournalGroup, Placed } from '../../src/journal/journal.ts'
import type { PendingAppend } from '../../src/log/append-group.ts'
import { AppendLane, type LaneDeps, type LaneLimits } from '../../src/log/append-lane.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

export const topicId = 'dG9waWMtb2YtdGhlLWxhbg'

export class CountedHold implements Hold {
  readonly capacity = 1
  holders = 0
  retain(): void {
    this.holders++
  }
  release(): void {
    this.holders--
    assert.ok(this.holders >= 0, 'released once per hold')
  }
}

/** Writes wait until the test ends them; where they will be is told at once. */
export class GatedJournal {
  readonly writes: { readonly group: JournalGroup; readonly gate: PromiseWithResolvers<void> }[] =
    []

  async write(group: JournalGroup, placed?: Placed): Promise<GroupPlace> {
    const gate = Promise.withResolvers<void>()
    this.writes.push({ group, gate })
    const position = this.writes.length * 4_096
    const length = 100 + group.byteLength
    const place = { objectId: 'journal-1', position, length, bytesPosition: position + 100 }
    placed?.(place)
    await gate.promise
    return place
  }

  end(index: number): void {
    this.writes[index]?.gate.resolve()
  }

  fail(index: number): void {
    this.writes[index]?.gate.reject(new Failure('unavailable', 'the disk failed'))
  }
}

export interface Bench {
  readonly clock: VirtualClock
  readonly journal: GatedJournal
  readonly database: MemoryDatabase
  readonly lane: AppendLane
  /** What the lane is made of. */
  readonly deps: LaneDeps
  /** What was taken in, before it was answered. */
  readonly taken: number[]
  /** Told of groups: number and state. */
  readonly decided: (readonly [number, string])[]
  readonly holds: CountedHold[]
  fault: ((point: MemoryPoint) => MemoryFault | undefined) | undefined
}

export async function newBench(
  limits: Partial<LaneLimits> = {},
  changes: Partial<LaneDeps> = {},
): Promise<Bench> {
  const clock = new VirtualClock()
  const journal = new GatedJournal()
  const taken: number[] = []
  const decided: (readonly [number, string])[] = []
  const state: { fault: Bench['fault'] } = { fault: undefined }
  const database = openMemoryDatabase({ clock, hooks: { fault: (at) => state.fault?.(at) } })
  const shape = { name: 't', replicationFactor: 1, configs: {}, nowMs: 0, leaderEpoch: 0 }
  await createTopic(database, { ...shape, topicId, partitionCount: 3 })
  const deps: LaneDeps = {
    incarnation: 1,
    journal: journal as unknown as Journal,
    database,
    clock,
    log: silentLog,
    limits: {
      groupBytesMax: 1_000,
      groupBatchesMax: 2,
      flightsMax: 2,
      earlyBytesMax: 0,
      writeDeadlineMs: 5_000,
      queuedBytesMax: 10_000,
      ...limits,
    },
    decided: ({ id }, { state: became }) => void decided.push([id.groupNumber, became]),
    committed: (_, { runs }) => void taken.push(...runs.map(({ baseOffset }) => baseOffset)),
    ...changes,
  }
  const lane = new AppendLane(deps)
  return Object.assign(state, { clock, journal, database, lane, deps, taken, decided, holds: [] })
}

/** One record of nobody in particular. */
export function intentOf(changes: Partial<AppendIntent> = {}): AppendIntent {
  const nobody = { producerId: -1, producerEpoch: -1, baseSequence: -1 }
  const shape = { offsetCount: 1, maxTimestampMs: 0, byteLength: 100 }
  return { topicId, partitionId: 0, configVersion: 0, ...nobody, ...shape, ...changes }
}

export function send(
  bench: Bench,
  changes: Partial<PendingAppend> = {},
  append: (pending: PendingAppend) => Promise<AppendOutcome> = (pending) =>
    bench.lane.append(pending),
): Promise<AppendOutcome | Failure> {
  const bytes = new Uint8Array(changes.byteLength ?? 100)
  const hold = new CountedHold()
  bench.holds.push(hold)
  const place = { partitionIndex: 0, bytes, hold }
  const sent = append({ ...place, ...intentOf(changes), ...changes })
  return sent.catch((error: unknown) => {
    assert.ok(error instanceof Failure)
    return error
  })
}

export const appended = (baseOffset: number): AppendOutcome => ({ outcome: 'appended', baseOffset })

export async function assertIdle({ lane, holds }: Bench): Promise<void> {
  assert.equal(lane.queuedBytes, 0, 'the queue drains')
  assert.ok(
    holds.every(({ holders }) => holders === 0),
    'memory is given back',
  )
  await lane.close()
}
