/**
 * A transactional producer as real ones behave, of either version of the protocol (KIP-98,
 * KIP-890): answers get lost and it asks again; what cannot go on begins anew; now and then it dies
 * and leaves a transaction open, until it is back, or for ever; or another takes its id over.
 */
import { type Clock, sleep } from '../../src/base/clock.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { buildBatch } from '../../src/record/build-batch.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { produce } from '../../src/wire/messages/00-produce.ts'
import { initProducerId } from '../../src/wire/messages/22-init-producer-id.ts'
import { addPartitionsToTxn } from '../../src/wire/messages/24-add-partitions-to-txn.ts'
import { addOffsetsToTxn } from '../../src/wire/messages/25-add-offsets-to-txn.ts'
import { endTxn } from '../../src/wire/messages/26-end-txn.ts'
import { txnOffsetCommit } from '../../src/wire/messages/28-txn-offset-commit.ts'
import { type Asker, Lost } from './sim-client.ts'
import type { SimTransaction, TxnHistory } from './txn-history.ts'

export interface TxnActorParts {
  /** Also its consumer group. */
  readonly name: string
  readonly transactionalId: string
  readonly client: Asker
  readonly clock: Clock
  readonly random: Random
  readonly history: TxnHistory
  readonly note: (line: string) => void
  readonly topic: string
  readonly partitionCount: number
  /** Its epoch rises with every transaction, and partitions join by themselves. */
  readonly isBumping: boolean
  /** `transaction.timeout.ms`. */
  readonly timeoutMs: number
  /** Once dead it is back so much later. */
  readonly awayMs: number
  /** True once nothing new is to begin; what is under way is brought to an end. */
  readonly isOver: () => boolean
}

interface Identity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** Codes after which a client asks again. */
const passing: ReadonlySet<number> = new Set([
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.NOT_ENOUGH_REPLICAS,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.CONCURRENT_TRANSACTIONS,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
])

/** A code after which this producer cannot go on: it begins anew. */
class Fatal extends Error {
  override readonly name = 'Fatal'
}

/** What a producer leaves behind that never comes back. */
export interface Remains {
  readonly transactionalId: string
  readonly transaction: SimTransaction
  /** Commits the transaction after all, as the producer that it was. Resolves with the code. */
  readonly haunt: () => Promise<number | undefined>
  readonly producerEpoch: number
}

/** Lives until the run is over, and leaves nothing open. */
export async function runTxnActor(parts: TxnActorParts): Promise<void> {
  const actor = new TxnActor(parts)
  while (!parts.isOver()) await actor.live()
  await actor.leave()
}

/** The same, but that it dies in the end with a transaction open. */
export async function runMortal(parts: TxnActorParts): Promise<Remains> {
  const actor = new TxnActor(parts)
  while (!parts.isOver()) await actor.live()
  for (;;) {
    const remains = await actor.die()
    if (remains !== undefined) return remains
  }
}

class TxnActor {
  readonly #parts: TxnActorParts
  #identity: Identity = { producerId: -1, producerEpoch: -1 }
  /** The next sequence, by partition. */
  readonly #sequences = new Map<number, number>()
  #groupOffset = 0

  constructor(parts: TxnActorParts) {
    this.#parts = parts
  }

  /** From one InitProducerId to the next. */
  async live(): Promise<void> {
    await this.#init()
    while (!this.#parts.isOver()) {
      const transaction = this.#parts.history.begin(this.#parts.name)
      try {
        if (!(await this.#transact(transaction))) return
      } catch (error) {
        if (!(error instanceof Fatal)) throw error
        this.#parts.note(`${transaction.name}: ${error.message}`)
        if (transaction.fate === 'open') transaction.fate = 'aborted'
        return
      }
      await this.#pause(30)
    }
  }

  /** Nothing is left open by it. */
  leave(): Promise<void> {
    return this.#init()
  }

  /** Undefined where it was so slow that its transaction was not open any more. */
  async die(): Promise<Remains | undefined> {
    await this.#init()
    const { history, name, transactionalId } = this.#parts
    const transaction = history.begin(name)
    try {
      await this.#write(transaction)
    } catch (error) {
      if (!(error instanceof Fatal)) throw error
      transaction.fate = 'aborted'
      return undefined
    }
    // Nobody asks for its end, but the broker in time.
    transaction.fate = 'aborted'
    const { producerEpoch } = this.#identity
    const haunt = (): Promise<number | undefined> => this.#endOnce(true)
    return { transactionalId, transaction, producerEpoch, haunt }
  }

  /** False where the producer dies in it. */
  async #transact(transaction: SimTransaction): Promise<boolean> {
    const { random, clock, awayMs } = this.#parts
    await this.#write(transaction)
    const draw = randomBelow(random, 10)
    if (draw === 0) {
      // InitProducerId aborts it, or its time is over first; nothing of it is ever seen.
      transaction.fate = 'aborted'
      await sleep(clock, awayMs)
      return false
    }
    const isCommit = draw < 7
    transaction.fate = isCommit ? 'undecided' : 'aborted'
    // One that dies with its commit under way does not know what became of it.
    if (draw === 6) {
      await this.#endOnce(isCommit)
      return false
    }
    await this.#asked('end', () => this.#endOnce(isCommit))
    if (isCommit) transaction.fate = 'committed'
    return true
  }

  async #write(transaction: SimTransaction): Promise<void> {
    const { random, history, partitionCount } = this.#parts
    const count = 1 + randomBelow(random, 4)
    for (let index = 0; index < count; index++) {
      const partition = randomBelow(random, partitionCount)
      await this.#send(partition, history.send(transaction, partition))
    }
    if (randomBelow(random, 2) === 0) await this.#commitOffset(transaction)
  }

  async #init(): Promise<void> {
    const { transactionalId, client, timeoutMs: transactionTimeoutMs } = this.#parts
    const body = { transactionalId, transactionTimeoutMs }
    await this.#asked('init', async () => {
      const { errorCode, producerId, producerEpoch } = await client.request(initProducerId, 4, body)
      if (errorCode === ErrorCode.NONE) this.#become({ producerId, producerEpoch })
      return errorCode
    })
  }

  #become(identity: Identity): void {
    this.#identity = identity
    this.#sequences.clear()
  }

  async #send(partition: number, value: string): Promise<void> {
    const { transactionalId, client, topic, isBumping, clock } = this.#parts
    const { producerId, producerEpoch } = this.#identity
    if (!isBumping) await this.#add(partition)
    const baseSequence = this.#sequences.get(partition) ?? 0
    // A key of its own each: where the topic is compacted only what was aborted goes.
    const records = [
      { key: Buffer.from(value), value: Buffer.from(value), timestampMs: clock.nowMs() },
    ]
    const own = { producerId, producerEpoch, baseSequence, isTransactional: true }
    await this.#asked('send', async () => {
      const batch = { index: partition, records: [buildBatch(records, own)] }
      const topicData = [{ name: topic, partitionData: [batch] }]
      const body = { transactionalId, acks: -1, timeoutMs: 3_000, topicData }
      const answer = await client.request(produce, isBumping ? 12 : 9, body)
      return answer.responses[0]?.partitionResponses[0]?.errorCode
    })
    this.#sequences.set(partition, baseSequence + 1)
  }

  #add(partition: number): Promise<void> {
    const { transactionalId, client, topic } = this.#parts
    const body = {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: this.#identity.producerId,
      v3AndBelowProducerEpoch: this.#identity.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions: [partition] }],
    }
    return this.#asked('add', async () => {
      const answer = await client.request(addPartitionsToTxn, 3, body)
      return answer.resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode
    })
  }

  async #commitOffset(transaction: SimTransaction): Promise<void> {
    const { transactionalId, name: groupId, client, topic, isBumping } = this.#parts
    const own = { transactionalId, groupId, ...this.#identity }
    if (!isBumping) {
      await this.#asked('group', async () => {
        return (await client.request(addOffsetsToTxn, 3, own)).errorCode
      })
    }
    transaction.groupOffset = ++this.#groupOffset
    const offset = { partitionIndex: 0, committedOffset: this.#groupOffset }
    const partitions = [{ ...offset, committedMetadata: '' }]
    const body = { ...own, memberId: '', topics: [{ name: topic, partitions }] }
    await this.#asked('offset', async () => {
      const answer = await client.request(txnOffsetCommit, isBumping ? 5 : 3, body)
      return answer.topics[0]?.partitions[0]?.errorCode
    })
  }

  async #endOnce(committed: boolean): Promise<number | undefined> {
    const { transactionalId, client, isBumping } = this.#parts
    const body = { transactionalId, ...this.#identity, committed }
    try {
      const answer = await client.request(endTxn, isBumping ? 5 : 3, body)
      const { errorCode, producerId, producerEpoch } = answer
      if (errorCode === ErrorCode.NONE && isBumping) this.#become({ producerId, producerEpoch })
      return errorCode
    } catch (error) {
      if (!(error instanceof Lost)) throw error
      return undefined
    }
  }

  /** Asks until it is answered. @throws Fatal */
  async #asked(what: string, ask: () => Promise<number | undefined>): Promise<void> {
    for (;;) {
      try {
        const code = await ask()
        if (code === ErrorCode.NONE) return
        if (code !== undefined && !passing.has(code)) throw new Fatal(`${what}: error ${code}`)
      } catch (error) {
        if (!(error instanceof Lost)) throw error
      }
      await this.#pause(60)
    }
  }

  #pause(msMax: number): Promise<void> {
    const { clock, random } = this.#parts
    return sleep(clock, 1 + randomBelow(random, msMax))
  }
}
