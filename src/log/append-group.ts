/** A group of appends: open while it gathers, sealed once its bytes are ordered for one write. */
import { assert } from '../base/assert.ts'
import type { Hold } from '../base/hold.ts'
import { Failure } from '../base/errors.ts'
import type { AppendIntent, GroupIntent, GroupResult } from '../catalog/commit-groups.ts'
import type { EndIntent, MarkIntent } from '../catalog/end-transaction.ts'
import { inlineObjectId } from '../catalog/group-objects.ts'
import type { AppendOutcome } from '../catalog/outcomes.ts'
import type { GroupId, GroupPlace, JournalGroup, JournalRun } from '../journal/journal.ts'

/** One batch on its way; `bytes` is exactly that batch and may be patched in place after the commit. */
export interface PendingAppend extends AppendIntent {
  readonly partitionIndex: number
  readonly bytes: Uint8Array
  readonly hold: Hold
  /** True while more like it are on their way here. Default: nobody knows. */
  readonly isFollowed?: () => boolean
}

interface Waiting {
  readonly append: PendingAppend
  readonly resolve: (outcome: AppendOutcome) => void
  readonly reject: (error: Error) => void
}

export class OpenGroup {
  readonly #waiting: Waiting[] = []
  #byteLength = 0
  #isFollowed: (() => boolean) | undefined
  /** When its first append came, by the monotonic clock. */
  begunMs = 0

  get isFollowed(): boolean {
    return this.#isFollowed?.() ?? false
  }

  get count(): number {
    return this.#waiting.length
  }

  get byteLength(): number {
    return this.#byteLength
  }

  add(append: PendingAppend): Promise<AppendOutcome> {
    const { promise, resolve, reject } = Promise.withResolvers<AppendOutcome>()
    this.#waiting.push({ append, resolve, reject })
    this.#byteLength += append.byteLength
    // One of which nobody knows must not wait for others.
    const isKnown = this.count === 1 || this.#isFollowed !== undefined
    this.#isFollowed = isKnown ? append.isFollowed : undefined
    return promise
  }

  /**
   * Orders by partition, keeping the order of arrival within each: a partition is one run of the
   * group.
   */
  seal(id: GroupId, createdMs: number): SealedGroup {
    const ordered = this.#waiting.toSorted((a, b) => a.append.partitionId - b.append.partitionId)
    return new SealedGroup(id, createdMs, ordered, this.#byteLength)
  }
}

type CommittedGroup = Extract<GroupResult, { state: 'committed' }>

/** What stands in a lane's line of commits. */
export interface LaneGroup {
  readonly id: GroupId
  readonly appends: readonly PendingAppend[]
  /** Of the appends. */
  readonly byteLength: number
  /** How much of a transaction it is, see commitRunsMax. */
  readonly runCount: number
  /** Bytes that its commit carries beside its rows. */
  readonly inlineBytes: number
  intent(place: GroupPlace, isAhead: (append: PendingAppend) => boolean): GroupIntent
  answer(result: CommittedGroup): void
  refuse(error: Error): void
}

/** An end of a transaction stands for so many runs: nobody knows yet on how many partitions. */
const runsOfEnd = 32

/** Ends a transaction, in the line of a lane's commits: it has no bytes. */
export class EndGroup implements LaneGroup {
  readonly appends: readonly PendingAppend[] = []
  readonly byteLength: number = 0
  readonly runCount: number = runsOfEnd
  readonly inlineBytes: number = 0
  readonly id: GroupId
  readonly #createdMs: number
  readonly #end: EndIntent | MarkIntent
  readonly #settle: PromiseWithResolvers<unknown>

  constructor(id: GroupId, createdMs: number, end: EndIntent | MarkIntent) {
    this.id = id
    this.#createdMs = createdMs
    this.#end = end
    this.#settle = Promise.withResolvers()
  }

  /** What the end's decision answers, once it is durable. */
  get answered(): Promise<unknown> {
    return this.#settle.promise
  }

  intent(place: GroupPlace): GroupIntent {
    const createdMs = this.#createdMs
    return { ...this.id, ...place, createdMs, appends: [], ends: [this.#end] }
  }

  answer({ answers }: CommittedGroup): void {
    if (answers.length > 0) this.#settle.resolve(answers[0])
    else this.refuse(new Failure('unavailable', 'the answer of the catalog was lost: ask again'))
  }

  refuse(error: Error): void {
    this.#settle.reject(error)
  }
}

export class SealedGroup implements LaneGroup {
  readonly byteLength: number
  readonly journalGroup: JournalGroup
  readonly #waiting: readonly Waiting[]
  /** The journal may still read the bytes, or answers are still to be given: both must be over. */
  #holders = 2
  #inline: Uint8Array | undefined

  constructor(id: GroupId, createdMs: number, waiting: readonly Waiting[], byteLength: number) {
    this.#waiting = waiting
    this.byteLength = byteLength
    const chunks = waiting.map(({ append }) => append.bytes)
    this.journalGroup = { id, createdMs, runs: runsOf(waiting), chunks, byteLength }
  }

  get appends(): readonly PendingAppend[] {
    return this.#waiting.map(({ append }) => append)
  }

  get id(): GroupId {
    return this.journalGroup.id
  }

  get runCount(): number {
    return this.journalGroup.runs.length
  }

  get inlineBytes(): number {
    return this.#inline?.length ?? 0
  }

  /**
   * Lets the bytes travel in the commit; returns where they will be. They are copied, as they
   * are before they get offsets: the commit may be sent again when those are written into them.
   */
  goInline(): GroupPlace {
    const { id, chunks, byteLength } = this.journalGroup
    this.#inline = Buffer.concat(chunks, byteLength)
    this.bytesAreFree() // no journal reads them
    return { objectId: inlineObjectId(id), position: 0, length: byteLength, bytesPosition: 0 }
  }

  /** `isAhead` tells which appends must wait for one before them; asked in the group's order. */
  intent(place: GroupPlace, isAhead: (append: PendingAppend) => boolean): GroupIntent {
    const { id, createdMs } = this.journalGroup
    const appends = this.appends.map((append) =>
      isAhead(append) ? { ...append, isAhead: true } : append,
    )
    const inline = this.#inline
    return { ...id, ...place, createdMs, appends, ...(inline === undefined ? {} : { inline }) }
  }

  answer({ outcomes }: CommittedGroup): void {
    for (const [index, { resolve }] of this.#waiting.entries()) {
      const outcome = outcomes[index]
      assert(outcome !== undefined, 'one outcome per append')
      resolve(outcome)
    }
    this.bytesAreFree()
  }

  refuse(error: Error): void {
    for (const { reject } of this.#waiting) reject(error)
    this.bytesAreFree()
  }

  /** Said once by the write, once by the answer; then the memory may be used again. */
  bytesAreFree(): void {
    this.#holders--
    if (this.#holders > 0) return
    for (const { append } of this.#waiting) append.hold.release()
  }
}

function runsOf(waiting: readonly Waiting[]): JournalRun[] {
  const runs: { topicId: string; partitionIndex: number; length: number; batches: number }[] = []
  let partitionId = -1
  for (const { append } of waiting) {
    if (append.partitionId !== partitionId) {
      partitionId = append.partitionId
      const { topicId, partitionIndex } = append
      runs.push({ topicId, partitionIndex, length: 0, batches: 0 })
    }
    const run = runs.at(-1)
    assert(run !== undefined, 'a run was begun')
    run.length += append.byteLength
    run.batches++
  }
  return runs
}
