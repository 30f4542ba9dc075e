/**
 * One transaction after another under a transactional id (KIP-98), each batch sent and answered
 * before the next. Partitions are registered before they are written to, which brokers of all
 * versions know. Whoever opens the same id later shuts this one out.
 */
import { Failure, isFailure } from '../base/errors.ts'
import { buildBatch, type NewRecord } from '../record/build-batch.ts'
import type { Codec } from '../record/codec.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { produce } from '../wire/messages/00-produce.ts'
import { initProducerId } from '../wire/messages/22-init-producer-id.ts'
import { addPartitionsToTxn } from '../wire/messages/24-add-partitions-to-txn.ts'
import { endTxn } from '../wire/messages/26-end-txn.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { TopicPartition } from './partition-offsets.ts'
import { expectNone, isRefusal, type Refusal, refusalOf } from './refusal.ts'

/** What was written to is aborted by the coordinator if it is not ended by then. */
const transactionTimeoutMs = 60_000
const timeoutMs = 30_000
const sequenceEnd = 2 ** 31

// From these on partitions join by being written to, and the epoch rises with each transaction
// (KIP-890), which not every cluster has turned on.
const produceVersionMax = 11
const endVersionMax = 4
/** From 4 on it is of brokers among themselves. */
const addVersionMax = 3

/** The batch is at fault: it took no sequence number, and the transaction can go on without it. */
const batchFaults = [
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.INVALID_RECORD,
  ErrorCode.INVALID_TIMESTAMP,
]

/** Another has opened the id since, or the transaction took too long and was aborted. */
const fencings = [
  ErrorCode.INVALID_PRODUCER_EPOCH,
  ErrorCode.PRODUCER_FENCED,
  ErrorCode.INVALID_TXN_STATE,
  ErrorCode.INVALID_PRODUCER_ID_MAPPING,
  ErrorCode.TRANSACTION_ABORTABLE,
]

/** Why a batch was not taken. */
export interface BatchRefusal {
  readonly refusal: Refusal
  /** By index in the batch, where the broker tells (KIP-467); else none. */
  readonly records: ReadonlyMap<number, string>
}

interface Identity {
  readonly producerId: number
  readonly producerEpoch: number
}

export class TransactionalProducer {
  readonly #client: KafkaClient
  readonly #transactionalId: string
  readonly #signal: AbortSignal
  readonly #identity: Identity
  /** The next one of each partition. */
  readonly #sequences = new Map<string, number>()
  readonly #joined = new Set<string>()

  private constructor(
    client: KafkaClient,
    transactionalId: string,
    signal: AbortSignal,
    identity: Identity,
  ) {
    this.#client = client
    this.#transactionalId = transactionalId
    this.#signal = signal
    this.#identity = identity
  }

  /** Resolves when whoever had the id is shut out, and what was open under it is decided. */
  static async open(
    client: KafkaClient,
    transactionalId: string,
    signal: AbortSignal,
  ): Promise<TransactionalProducer> {
    const identity = await client.retrying(async () => {
      const coordinator = await client.coordinator(transactionalId, 'transaction')
      const answer = await coordinator.call(initProducerId, {
        transactionalId,
        transactionTimeoutMs,
      })
      expectNone(`no producer id for ${transactionalId}`, answer.errorCode)
      return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
    }, signal)
    return new TransactionalProducer(client, transactionalId, signal, identity)
  }

  /**
   * Writes a batch in the transaction, which begins with the first; undefined: it is taken.
   *
   * @throws Failure 'fenced': another has the id, or time was up; all of it is aborted. Others: the
   *   transaction can only be aborted.
   */
  async send(
    place: TopicPartition,
    records: readonly NewRecord[],
    codec: Codec = 'none',
  ): Promise<BatchRefusal | undefined> {
    const key = `${place.topic}:${place.partition}`
    const baseSequence = this.#sequences.get(key) ?? 0
    const isTransactional = true
    const options = { codec, ...this.#identity, baseSequence, isTransactional }
    const bytes = buildBatch(records, options)
    return this.#guarded(async () => {
      if (!this.#joined.has(key)) await this.#join(place)
      this.#joined.add(key)
      const refused = await this.#retrying(() => this.#produce(place, bytes))
      if (refused === undefined) {
        this.#sequences.set(key, (baseSequence + records.length) % sequenceEnd)
      }
      return refused
    })
  }

  /**
   * Resolves when all of the transaction counts.
   *
   * @throws Failure 'fenced': nothing of it counts. 'unknown-outcome': no broker told in time; the
   *   next who opens the id finds all or nothing of it.
   */
  async commit(): Promise<void> {
    let isAsked = false
    try {
      await this.#end(true, () => (isAsked = true))
    } catch (error) {
      // Refused at the first attempt it was not done; refused after a lost answer it may be.
      if (!isFailure(error) || !(isAsked || error.kind === 'unavailable')) throw error
      const message = `it is not known whether the transaction was committed: ${error.message}`
      throw new Failure('unknown-outcome', message, error)
    }
  }

  /** Resolves when nothing of the transaction counts. @throws Failure 'fenced': as for `commit`. */
  abort(): Promise<void> {
    return this.#end(false, () => undefined)
  }

  #retrying<Value>(attempt: () => Promise<Value>): Promise<Value> {
    return this.#client.retrying(attempt, this.#signal)
  }

  /** @throws Failure 'fenced' in place of what brokers say to one that is shut out. */
  async #guarded<Value>(run: () => Promise<Value>): Promise<Value> {
    try {
      return await run()
    } catch (error) {
      if (!isRefusal(error, ...fencings)) throw error
      const why = 'another has begun under the same transactional id, or it took too long'
      const message = `the transaction of ${this.#transactionalId} was aborted: ${why}`
      throw new Failure('fenced', message, error)
    }
  }

  #join({ topic, partition }: TopicPartition): Promise<void> {
    const { producerId, producerEpoch } = this.#identity
    const transactionalId = this.#transactionalId
    return this.#retrying(async () => {
      const coordinator = await this.#client.coordinator(transactionalId, 'transaction')
      const body = {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [{ name: topic, partitions: [partition] }],
      }
      const answer = await coordinator.call(addPartitionsToTxn, body, { versionMax: addVersionMax })
      const [told] = answer.resultsByTopicV3AndBelow.flatMap((each) => each.resultsByPartition)
      const code = told?.partitionErrorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
      expectNone(`${topic}:${partition} cannot join a transaction`, code)
    })
  }

  async #produce(
    { topic, partition }: TopicPartition,
    bytes: Uint8Array,
  ): Promise<BatchRefusal | undefined> {
    const leader = await this.#client.leader(topic, partition)
    const body = {
      ...{ transactionalId: this.#transactionalId, acks: -1, timeoutMs },
      topicData: [{ name: topic, partitionData: [{ index: partition, records: bytes }] }],
    }
    const options = { versionMax: produceVersionMax, waitMs: timeoutMs }
    const answer = await leader.call(produce, body, options).catch((error: unknown) => {
      this.#client.forgetLeader(topic, partition)
      throw error
    })
    const reply = answer.responses[0]?.partitionResponses[0]
    const code = reply?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
    // It was taken at an earlier attempt whose answer was lost.
    if (code === ErrorCode.NONE || code === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) return undefined
    this.#client.forgetLeader(topic, partition)
    const what = `${topic}:${partition} refused it`
    const refusal = refusalOf(what, code, reply?.errorMessage ?? null)
    if (!isRefusal(refusal, ...batchFaults)) throw refusal
    const told = (reply?.recordErrors ?? []).map(({ batchIndex, batchIndexErrorMessage }) => {
      return [batchIndex, batchIndexErrorMessage ?? refusal.message] as const
    })
    return { refusal, records: new Map(told) }
  }

  /** `asked` is called when an attempt has failed in a way that leaves open whether it was done. */
  async #end(committed: boolean, asked: () => void): Promise<void> {
    if (this.#joined.size === 0) return
    const transactionalId = this.#transactionalId
    await this.#guarded(() =>
      // To its end, also when the command is to stop: it is one request.
      this.#client.retrying(async () => {
        const coordinator = await this.#client.coordinator(transactionalId, 'transaction')
        const body = { transactionalId, ...this.#identity, committed }
        try {
          const { errorCode } = await coordinator.call(endTxn, body, { versionMax: endVersionMax })
          expectNone(`cannot end the transaction of ${transactionalId}`, errorCode)
        } catch (error) {
          if (isFailure(error, 'unavailable')) asked()
          throw error
        }
      }),
    )
    this.#joined.clear()
  }
}
