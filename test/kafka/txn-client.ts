/** A transactional producer in tests of handlers: each call is one request of a version. */
import { buildBatch } from '../../src/record/build-batch.ts'
import { produce } from '../../src/wire/messages/00-produce.ts'
import { initProducerId } from '../../src/wire/messages/22-init-producer-id.ts'
import { addOffsetsToTxn } from '../../src/wire/messages/25-add-offsets-to-txn.ts'
import { addPartitionsToTxn } from '../../src/wire/messages/24-add-partitions-to-txn.ts'
import { endTxn } from '../../src/wire/messages/26-end-txn.ts'
import { txnOffsetCommit } from '../../src/wire/messages/28-txn-offset-commit.ts'
import type { BrokerWorld } from './broker-world.ts'

export interface Producer {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface SendOptions {
  readonly version?: number
  readonly transactionalId?: string | null
  readonly isTransactional?: boolean
}

export class TxnClient {
  readonly #world: BrokerWorld
  readonly transactionalId: string

  constructor(world: BrokerWorld, transactionalId = 'tx') {
    this.#world = world
    this.transactionalId = transactionalId
  }

  async init(more: object = {}, version = 5): Promise<Producer & { errorCode: number }> {
    const { transactionalId } = this
    const request = { transactionalId, transactionTimeoutMs: 60_000, ...more }
    const answer = await this.#world.ask(initProducerId, version, request)
    const { errorCode, producerId, producerEpoch } = answer
    return { errorCode, producerId, producerEpoch }
  }

  /** The code and offset of one batch of `values`, from `baseSequence` on. */
  async send(
    producer: Producer,
    topic: string,
    partition: number,
    baseSequence: number,
    values: readonly string[],
    options: SendOptions = {},
  ): Promise<{ errorCode: number; baseOffset: number }> {
    const { version = 12, transactionalId = this.transactionalId, isTransactional = true } = options
    const records = buildBatch(
      values.map((value) => ({ key: null, value: Buffer.from(value), timestampMs: 1.7e12 })),
      { ...producer, baseSequence, isTransactional },
    )
    const partitionData = [{ index: partition, records }]
    const request = { transactionalId, acks: -1, timeoutMs: 30_000 }
    const topicData = [{ name: topic, partitionData }]
    const answer = await this.#world.ask(produce, version, { ...request, topicData })
    const { errorCode = -1, baseOffset = -1 } = answer.responses[0]?.partitionResponses[0] ?? {}
    return { errorCode, baseOffset }
  }

  /** The code of each partition. */
  async add(
    producer: Producer,
    name: string,
    partitions: number[],
    version = 3,
  ): Promise<number[]> {
    const { transactionalId } = this
    const answer = await this.#world.ask(addPartitionsToTxn, version, {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producer.producerId,
      v3AndBelowProducerEpoch: producer.producerEpoch,
      v3AndBelowTopics: [{ name, partitions }],
    })
    return answer.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
      resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
    )
  }

  async addGroup(producer: Producer, groupId: string, version = 4): Promise<number> {
    const { transactionalId } = this
    const asked = { transactionalId, ...identity(producer), groupId }
    return (await this.#world.ask(addOffsetsToTxn, version, asked)).errorCode
  }

  async commitOffset(
    producer: Producer,
    groupId: string,
    name: string,
    committedOffset: number,
    more: object = {},
    version = 5,
  ): Promise<number | undefined> {
    const partition = { partitionIndex: 0, committedOffset, committedMetadata: 'm' }
    const answer = await this.#world.ask(txnOffsetCommit, version, {
      ...{ transactionalId: this.transactionalId, groupId, ...identity(producer), memberId: '' },
      topics: [{ name, partitions: [partition] }],
      ...more,
    })
    return answer.topics[0]?.partitions[0]?.errorCode
  }

  async end(
    producer: Producer,
    committed: boolean,
    version = 5,
  ): Promise<Producer & { errorCode: number }> {
    const { transactionalId } = this
    const asked = { transactionalId, ...identity(producer), committed }
    const answer = await this.#world.ask(endTxn, version, asked)
    const { errorCode, producerId, producerEpoch } = answer
    return { errorCode, producerId, producerEpoch }
  }
}

const identity = ({ producerId, producerEpoch }: Producer): Producer => ({
  producerId,
  producerEpoch,
})
