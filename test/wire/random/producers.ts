/** Carries a plan out on one broker, and looks at what is left of it: contents, offsets, states. */
import { fetch } from '../../../src/wire/messages/01-fetch.ts'
import { produce } from '../../../src/wire/messages/00-produce.ts'
import { offsetFetch } from '../../../src/wire/messages/09-offset-fetch.ts'
import { initProducerId } from '../../../src/wire/messages/22-init-producer-id.ts'
import { addPartitionsToTxn } from '../../../src/wire/messages/24-add-partitions-to-txn.ts'
import { addOffsetsToTxn } from '../../../src/wire/messages/25-add-offsets-to-txn.ts'
import { endTxn } from '../../../src/wire/messages/26-end-txn.ts'
import { txnOffsetCommit } from '../../../src/wire/messages/28-txn-offset-commit.ts'
import { describeTransactions } from '../../../src/wire/messages/65-describe-transactions.ts'
import { ErrorCode } from '../../../src/wire/error-codes.ts'
import { batch } from '../batches.ts'
import type { Scenario, Topic } from '../scenario.ts'
import { coordinated } from '../transactions.ts'
import { type Flavour, idCount, partitionCount, type PlannedStep, type Who } from './plan.ts'

interface Identity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** Kafka ends transactions behind its answer, and says so to whoever is too early. */
const passing: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.CONCURRENT_TRANSACTIONS,
  ErrorCode.NOT_ENOUGH_REPLICAS,
])

/** What each flavour of client speaks. */
const versions = {
  init: { old: 3, tv1: 4, tv2: 5 },
  addPartitions: { old: 1, tv1: 3, tv2: 3 },
  addOffsets: { old: 1, tv1: 3, tv2: 4 },
  produce: { old: 9, tv1: 11, tv2: 12 },
  commitOffsets: { old: 3, tv1: 4, tv2: 5 },
  end: { old: 1, tv1: 4, tv2: 5 },
} as const

const strangerId = 4_000_000_000

export class RandomProducers {
  readonly #scenario: Scenario
  readonly #topic: Topic
  readonly #ids: readonly string[]
  readonly #known: Identity[][] = Array.from({ length: idCount }, () => [])
  /** By producer, epoch and partition. */
  readonly #sequences = new Map<string, { next: number; last: number }>()
  /** Places for which a producer's batch was refused, or known already. */
  readonly #unappended = new Set<string>()
  readonly #appended = new Set<string>()
  readonly #endedBy = new Map<number, Flavour>()
  #values = 0

  private constructor(scenario: Scenario, topic: Topic, ids: readonly string[]) {
    this.#scenario = scenario
    this.#topic = topic
    this.#ids = ids
  }

  static async ready(scenario: Scenario): Promise<RandomProducers> {
    const topic = await scenario.topic('t', partitionCount)
    const ids: string[] = []
    for (let id = 0; id < idCount; id++) ids.push(await coordinated(scenario, `x${id}`))
    return new RandomProducers(scenario, topic, ids)
  }

  async carryOut(step: PlannedStep): Promise<void> {
    if (await this.#isNotAsked(step)) return
    const answer = await this.#scenario.until(`${step.kind} to be decided`, async () => {
      const found = await this.#ask(step)
      return passing.has(found.errorCode) ? undefined : found
    })
    this.#scenario.remember(describe(step), { kind: 'response', value: answer })
    await this.#ended(step.id)
  }

  /** Where Kafka's answer comes of something that Karst is right not to do. */
  async #isNotAsked(step: PlannedStep): Promise<boolean> {
    const { id, kind } = step
    const identity = this.#identity(id, step.who)
    if (kind === 'produce') {
      // Behind a plain batch of an epoch that nobody gave, Kafka tells another of two faults first.
      if (!step.isTransactional && step.who.epochOff > 0) return true
      if (this.#sequenceOf(step, identity) === 0) return false
      // Kafka remembers, until it starts again, the sequences of batches that it did not append,
      // and takes any first one, also of who is younger than the topic.
      const place = placeOf(identity, step.partition)
      return this.#unappended.has(place) || !this.#appended.has(place)
    }
    const latest = this.#known[id]?.at(-1)
    const isLatest = keyOf(identity) === (latest === undefined ? '' : keyOf(latest))
    if (isLatest || (kind !== 'init' && kind !== 'end')) return false
    const state = await this.#stateOf(id)
    // A fenced producer recovers: Kafka aborts its successor's transaction, and then refuses it.
    if (kind === 'init') return step.isRecovery && state === 'Ongoing'
    // A fenced producer commits: Kafka takes it for a retry of what its successor has committed.
    return step.flavour === 'tv2' && state.startsWith('Complete') && this.#endedBy.get(id) !== 'tv2'
  }

  async #stateOf(id: number): Promise<string> {
    const transactionalIds = [this.#ids[id] ?? '']
    const asked = { transactionalIds }
    const { transactionStates } = await this.#scenario.tell(describeTransactions, 0, asked)
    return transactionStates[0]?.transactionState ?? ''
  }

  /** Kafka's markers are written by and by. */
  async #ended(id: number): Promise<void> {
    await this.#scenario.until('the transaction to be over', async () => {
      return (await this.#stateOf(id)).startsWith('Prepare') ? undefined : true
    })
  }

  #identity(id: number, { back, epochOff, isStranger }: Who): Identity {
    const known = this.#known[id] ?? []
    const found = known.at(-1 - back) ?? known[0] ?? { producerId: 1, producerEpoch: 0 }
    const producerId = isStranger ? strangerId : found.producerId
    return { producerId, producerEpoch: Math.max(0, found.producerEpoch + epochOff) }
  }

  #ask(step: PlannedStep): Promise<{ readonly errorCode: number }> {
    const asked = {
      transactionalId: this.#ids[step.id] ?? '',
      ...this.#identity(step.id, step.who),
    }
    switch (step.kind) {
      case 'init':
        return this.#init(step, asked)
      case 'add-partitions':
        return this.#addPartitions(step, asked)
      case 'add-offsets':
        return this.#addOffsets(step.flavour, asked)
      case 'produce':
        return this.#produce(step, asked)
      case 'commit-offsets':
        return this.#commitOffsets(step, asked)
      default:
        return this.#end(step, asked)
    }
  }

  async #init(
    { id, isRecovery, flavour }: Extract<PlannedStep, { kind: 'init' }>,
    asked: Asked,
  ): Promise<Answer> {
    const timeout = { transactionTimeoutMs: 60_000 }
    const { transactionalId } = asked
    const request = isRecovery ? { ...asked, ...timeout } : { transactionalId, ...timeout }
    const { errorCode, producerId, producerEpoch } = await this.#scenario.tell(
      initProducerId,
      versions.init[flavour],
      request,
    )
    if (errorCode === 0) this.#known[id]?.push({ producerId, producerEpoch })
    return { errorCode, producerId, producerEpoch }
  }

  async #addPartitions(
    { partitions, flavour }: Extract<PlannedStep, { kind: 'add-partitions' }>,
    asked: Asked,
  ): Promise<Answer> {
    const version = versions.addPartitions[flavour]
    const { resultsByTopicV3AndBelow: results } = await this.#scenario.tell(
      addPartitionsToTxn,
      version,
      {
        v3AndBelowTransactionalId: asked.transactionalId,
        v3AndBelowProducerId: asked.producerId,
        v3AndBelowProducerEpoch: asked.producerEpoch,
        v3AndBelowTopics: [{ name: this.#topic.name, partitions }],
      },
    )
    const codes = results[0]?.resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode)
    return {
      errorCode: codes?.[0] ?? -2,
      more: codes?.slice(1).map((errorCode) => ({ errorCode })),
    }
  }

  async #addOffsets(flavour: Flavour, asked: Asked): Promise<Answer> {
    const [groupId, version] = [this.#scenario.name('g'), versions.addOffsets[flavour]]
    const { errorCode } = await this.#scenario.tell(addOffsetsToTxn, version, { ...asked, groupId })
    return { errorCode }
  }

  async #produce(
    step: Extract<PlannedStep, { kind: 'produce' }>,
    { transactionalId, ...identity }: Asked,
  ): Promise<Answer> {
    const { partition, count, isTransactional, flavour } = step
    const key = `${keyOf(identity)} ${partition}`
    const next = this.#sequences.get(key)?.next ?? 0
    const baseSequence = this.#sequenceOf(step, identity)
    const values = Array.from({ length: count }, () => `v${this.#values++}`)
    const records = batch(values, { ...identity, baseSequence, isTransactional })
    const partitionData = [{ index: partition, records }]
    const { responses } = await this.#scenario.tell(produce, versions.produce[flavour], {
      ...{ transactionalId, acks: -1, timeoutMs: 10_000 },
      topicData: [{ name: this.#topic.name, topicId: this.#topic.id, partitionData }],
    })
    const { errorCode = -2, baseOffset = -2 } = responses[0]?.partitionResponses[0] ?? {}
    if (errorCode === 0 && baseSequence >= next) {
      this.#sequences.set(key, { next: baseSequence + count, last: baseSequence })
      this.#appended.add(placeOf(identity, partition))
    } else this.#unappended.add(placeOf(identity, partition))
    return { errorCode: oneOfTwo(errorCode), baseOffset }
  }

  #sequenceOf(
    { partition, sequence }: Extract<PlannedStep, { kind: 'produce' }>,
    identity: Identity,
  ): number {
    const known = this.#sequences.get(`${keyOf(identity)} ${partition}`)
    const { next, last } = known ?? { next: 0, last: 0 }
    return { next, again: last, gap: next + 3, first: 0 }[sequence]
  }

  async #commitOffsets(
    { partition, offset, flavour }: Extract<PlannedStep, { kind: 'commit-offsets' }>,
    asked: Asked,
  ): Promise<Answer> {
    const partitions = [
      { partitionIndex: partition, committedOffset: offset, committedMetadata: '' },
    ]
    const { topics } = await this.#scenario.tell(txnOffsetCommit, versions.commitOffsets[flavour], {
      ...asked,
      groupId: this.#scenario.name('g'),
      topics: [{ name: this.#topic.name, partitions }],
    })
    return { errorCode: oneOfTwo(topics[0]?.partitions[0]?.errorCode ?? -2) }
  }

  async #end(
    { id, isCommit, flavour }: Extract<PlannedStep, { kind: 'end' }>,
    asked: Asked,
  ): Promise<Answer> {
    const version = versions.end[flavour]
    const { errorCode, producerId, producerEpoch } = await this.#scenario.tell(endTxn, version, {
      ...asked,
      committed: isCommit,
    })
    if (errorCode === 0) this.#endedBy.set(id, flavour)
    if (version < 5) return { errorCode }
    if (errorCode === 0) this.#known[id]?.push({ producerId, producerEpoch })
    return { errorCode, producerId, producerEpoch }
  }

  /** What readers of either kind see, what the group has, and how the transactions stand. */
  async look(): Promise<void> {
    const { name: topic, id: topicId } = this.#topic
    for (const isolationLevel of [0, 1]) {
      const partitions = Array.from({ length: partitionCount }, (_, partition) => {
        return { partition, fetchOffset: 0, partitionMaxBytes: 1_048_576 }
      })
      const { responses } = await this.#scenario.tell(fetch, 12, {
        ...{ maxWaitMs: 0, minBytes: 0, isolationLevel, forgottenTopicsData: [] },
        topics: [{ topic, topicId, partitions }],
      })
      this.#scenario.remember(isolationLevel === 0 ? 'read uncommitted' : 'read committed', {
        kind: 'response',
        value: responses.map((each) => ({ ...each, partitions: each.partitions.map(seen) })),
      })
    }
    for (const requireStable of [false, true]) {
      const topics = [{ name: topic, partitionIndexes: [0, 1] }]
      const groups = [{ groupId: this.#scenario.name('g'), topics }]
      await this.#scenario.ask(offsetFetch, 8, { groups, requireStable })
    }
    const { transactionStates } = await this.#scenario.tell(describeTransactions, 0, {
      transactionalIds: [...this.#ids],
    })
    // Kafka's own topics are not here; its sets have no order.
    const states = transactionStates.map(({ topics, ...state }) => ({
      ...state,
      topics: topics
        .filter((each) => each.topic === topic)
        .map((each) => ({ ...each, partitions: each.partitions.toSorted((a, b) => a - b) })),
    }))
    this.#scenario.remember('states', { kind: 'response', value: states })
  }
}

/** Kafka also tells of transactions that begin behind what it shows. */
function seen<P extends Partial<Read>>(partition: P): P {
  const { abortedTransactions: aborted, lastStableOffset: end = -1 } = partition
  if (aborted === null || aborted === undefined) return partition
  return { ...partition, abortedTransactions: aborted.filter((each) => each.firstOffset < end) }
}

interface Read {
  readonly lastStableOffset: number
  readonly abortedTransactions: readonly { readonly firstOffset: number }[] | null
}

const keyOf = ({ producerId, producerEpoch }: Identity): string => `${producerId}/${producerEpoch}`
const placeOf = ({ producerId }: Identity, partition: number): string =>
  `${producerId} ${partition}`

/** Which of the two Kafka answers depends on the requests of others that it verifies together. */
const oneOfTwo = (code: number): number =>
  code === ErrorCode.TRANSACTION_ABORTABLE ? ErrorCode.INVALID_TXN_STATE : code

type Asked = Identity & { readonly transactionalId: string }

interface Answer {
  readonly errorCode: number
  readonly [more: string]: unknown
}

function describe({ id, flavour, who, kind, ...more }: PlannedStep): string {
  const { back, epochOff, isStranger } = who
  const parts = [kind, flavour, `x${id}`]
  if (back > 0) parts.push(`back ${back}`)
  if (epochOff !== 0) parts.push(`epoch ${epochOff}`)
  if (isStranger) parts.push('stranger')
  if (Object.keys(more).length > 0) parts.push(JSON.stringify(more))
  return parts.join(' ')
}
