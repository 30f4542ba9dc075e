/**
 * The part of a run that is under a contract whose revisions come and go: writers of batches of
 * which some records break it. C1: what is acknowledged is where the revision that held at its
 * offset says: in the log, or in the quarantine; what was refused is nowhere.
 */
import assert from 'node:assert/strict'
import { type Clock, sleep } from '../../src/base/clock.ts'
import { isFailure } from '../../src/base/errors.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import type { ViolationAction } from '../../src/contract/contract.ts'
import { parseContract } from '../../src/contract/file/parse-contract.ts'
import { fromStored } from '../../src/contract/quarantine/quarantine-record.ts'
import { readBatchHeader } from '../../src/record/batch-header.ts'
import { batchesIn } from '../../src/record/batch-sequence.ts'
import { buildBatch } from '../../src/record/build-batch.ts'
import { type BatchRecord, recordsIn } from '../../src/record/records.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { produce } from '../../src/wire/messages/00-produce.ts'
import { fetch } from '../../src/wire/messages/01-fetch.ts'
import { contractsAt, type ServedBroker } from '../contract/contracts-at.ts'
import { decisions } from '../contract/decisions.ts'
import { freshProducerId } from './fresh-producer-id.ts'
import { type Asker, Lost } from './sim-client.ts'

export interface ContractWorkParts {
  readonly clock: Clock
  readonly fork: () => Random
  readonly client: (name: string) => Asker
  readonly note: (line: string) => void
  readonly isOver: () => boolean
  /** A broker that serves now. */
  readonly server: () => ServedBroker | undefined
}

interface Written {
  readonly partition: number
  readonly values: readonly { readonly value: string; readonly isGood: boolean }[]
  /** Undefined: refused. */
  readonly baseOffset: number | undefined
}

const topic = 'held'
const quarantine = 'held.quarantine'
const contractId = 'sim.held'
const partitionCount = 3
const actions: readonly ViolationAction[] = ['off', 'warn', 'quarantine', 'quarantine', 'reject']
const codecs = ['none', 'lz4', 'zstd'] as const
/** An apply at a broker that dies is never answered. Virtual time. */
const applyMsMax = 3_000
const tenant = [{ key: 'ce_tenant', value: Buffer.from('acme') }]

const valueOf = (name: string, isGood: boolean): string =>
  JSON.stringify({ tool: name, decision: isGood ? 'approved' : 'dunno' })

export class ContractWork {
  readonly #parts: ContractWorkParts
  readonly #written: Written[] = []

  constructor(parts: ContractWorkParts) {
    this.#parts = parts
  }

  /** Resolves once the topic is there. */
  async open(): Promise<void> {
    while (!(await this.#apply('quarantine'))) await sleep(this.#parts.clock, 50)
  }

  start(): Promise<void>[] {
    const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
    return [...partitions.map((partition) => this.#write(partition)), this.#revise()]
  }

  /** True where it is known to be done. */
  async #apply(onViolation: ViolationAction): Promise<boolean> {
    const { clock, server, note } = this.#parts
    const served = server()
    if (served === undefined) return false
    const text = decisions({ id: contractId, topic, partitions: partitionCount, onViolation })
    const applying = contractsAt(served, clock)
      .apply({ text, files: {} })
      .catch((error: unknown) => {
        if (!isFailure(error)) throw error
        return undefined
      })
    const outcome = await Promise.race([applying, sleep(clock, applyMsMax)])
    const revision = outcome === undefined ? undefined : outcome.revision
    note(`contract ${onViolation}: revision ${revision ?? 'unknown'}`)
    return revision !== undefined
  }

  async #revise(): Promise<void> {
    const { clock, fork, isOver } = this.#parts
    const random = fork()
    while (!isOver()) {
      await sleep(clock, 200 + randomBelow(random, 1_500))
      if (!isOver()) await this.#apply(actions[randomBelow(random, actions.length)] ?? 'off')
    }
  }

  /** One batch at a time, which is sent again until it is acknowledged or refused. */
  async #write(partition: number): Promise<void> {
    const { clock, fork, isOver, client } = this.#parts
    const random = fork()
    const asker = client(`held-writer-${partition}`)
    const producerId = await freshProducerId(asker, clock, random)
    for (let [sequence, number] = [0, 0]; !isOver();) {
      const values = Array.from({ length: 1 + randomBelow(random, 3) }, () => {
        const isGood = randomBelow(random, 3) > 0
        return { value: valueOf(`h${partition}-${number++}`, isGood), isGood }
      })
      const batch = buildBatch(
        values.map(({ value }) => {
          const parts = { key: null, value: Buffer.from(value), headers: tenant }
          return { ...parts, timestampMs: clock.nowMs() }
        }),
        {
          codec: codecs[randomBelow(random, codecs.length)] ?? 'none',
          ...{ producerId, producerEpoch: 0, baseSequence: sequence },
        },
      )
      const baseOffset = await this.#send(asker, partition, batch, random)
      this.#written.push({ partition, values, baseOffset })
      // What was refused has used no sequence.
      if (baseOffset !== undefined) sequence += values.length
      await sleep(clock, 1 + randomBelow(random, 60))
    }
  }

  /** Undefined: it was refused. */
  async #send(
    asker: Asker,
    partition: number,
    batch: Uint8Array,
    random: Random,
  ): Promise<number | undefined> {
    const partitionData = [{ index: partition, records: [batch] }]
    const body = { acks: -1, timeoutMs: 3_000, topicData: [{ name: topic, partitionData }] }
    for (;;) {
      try {
        const answer = await asker.request(produce, 9, body)
        const [reply] = answer.responses[0]?.partitionResponses ?? []
        if (reply?.errorCode === ErrorCode.NONE) return reply.baseOffset
        if (reply?.errorCode === ErrorCode.INVALID_RECORD) return undefined
      } catch (error) {
        if (!(error instanceof Lost)) throw error
      }
      await sleep(this.#parts.clock, 1 + randomBelow(random, 50))
    }
  }

  /** Once all have come to an end. */
  async check(): Promise<void> {
    const { client, note } = this.#parts
    const asker = client('held-check')
    const held = await this.#actions()
    const aside = await this.#aside(asker)
    let [inLog, inQuarantine, refused] = [0, 0, 0]
    for (let partition = 0; partition < partitionCount; partition++) {
      const log = new Map<number, string>()
      for (const { offset, value } of await this.#readAll(asker, topic, partition)) {
        log.set(offset, Buffer.from(value ?? []).toString())
      }
      const all = new Set(log.values())
      assert.equal(all.size, log.size, `W5: a record of ${topic}-${partition} is there twice`)
      for (const { values, baseOffset, ...batch } of this.#written) {
        if (batch.partition !== partition) continue
        for (const [at, { value, isGood }] of values.entries()) {
          const offset = (baseOffset ?? -1) + at
          const place = `${partition}@${offset}`
          if (baseOffset === undefined) {
            refused++
            assert.ok(!all.has(value), `C1: ${value} was refused and is in the log`)
            assert.ok(!aside.values.has(value), `C1: ${value} was refused and is set aside`)
            continue
          }
          const action = held(partition, offset)
          const told = `C1: ${value} at ${place} under ${action}`
          assert.ok(isGood || action !== 'reject', `${told} was acknowledged`)
          const isAside = !isGood && action === 'quarantine'
          if (isAside) inQuarantine++
          else inLog++
          assert.equal(log.get(offset), isAside ? undefined : value, told)
          assert.equal(aside.places.get(place), isAside ? value : undefined, told)
        }
      }
    }
    note(`held: ${inLog} in the log, ${inQuarantine} set aside, ${refused} refused`)
  }

  /** What was done about violations at an offset, as the revisions say. */
  async #actions(): Promise<(partition: number, offset: number) => ViolationAction> {
    const served = this.#parts.server()
    assert.ok(served !== undefined)
    const rows = await contractsAt(served, this.#parts.clock).history(contractId)
    const revisions = rows.map(({ text, boundaries }) => {
      const { contract } = parseContract(text)
      assert.ok(contract !== undefined)
      const { ends } = (JSON.parse(boundaries) as Record<string, { ends: number[] }>)[topic] ?? {}
      return { action: contract.enforcement.onViolation, ends: ends ?? [] }
    })
    return (partition, offset) => {
      const found = revisions.find(({ ends }) => (ends[partition] ?? Infinity) <= offset)
      assert.ok(found !== undefined, `a revision holds at ${partition}@${offset}`)
      return found.action
    }
  }

  async #aside(asker: Asker): Promise<{
    readonly places: ReadonlyMap<string, string>
    readonly values: ReadonlySet<string>
  }> {
    const places = new Map<string, string>()
    for (let partition = 0; partition < partitionCount; partition++) {
      for (const record of await this.#readAll(asker, quarantine, partition)) {
        const found = fromStored(record)
        assert.ok(found !== undefined, 'only brokers write to the quarantine')
        const place = `${found.reason.partition}@${found.reason.offset}`
        const value = Buffer.from(found.value ?? []).toString()
        assert.equal(places.get(place) ?? value, value, `two records are set aside at ${place}`)
        places.set(place, value)
      }
    }
    return { places, values: new Set(places.values()) }
  }

  async #readAll(asker: Asker, name: string, partition: number): Promise<BatchRecord[]> {
    const records: BatchRecord[] = []
    for (let offset = 0; ;) {
      const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes: 1 << 20 }]
      const asked = { topics: [{ topic: name, partitions }], forgottenTopicsData: [] }
      try {
        const answer = await asker.request(fetch, 11, { ...asked, maxWaitMs: 0, minBytes: 0 })
        const [reply] = answer.responses[0]?.partitions ?? []
        if (reply?.errorCode === ErrorCode.NONE) {
          const bytes = reply.records ?? new Uint8Array(0)
          let next = offset
          for (const { at } of batchesIn(bytes)) {
            const { baseOffset, lastOffsetDelta } = readBatchHeader(bytes, at)
            next = Math.max(next, baseOffset + lastOffsetDelta + 1)
            for (const record of recordsIn(bytes, at)) {
              if (record.offset >= offset) records.push(record)
            }
          }
          if (next === offset && offset >= reply.highWatermark) return records
          offset = next
        }
      } catch (error) {
        if (!(error instanceof Lost)) throw error
      }
      await sleep(this.#parts.clock, 5)
    }
  }
}
