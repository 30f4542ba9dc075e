/** What is mutated: valid requests of every API in every version, and record batches of all codecs. */
import fc from 'fast-check'
import { randomBelow, type Random } from '../../src/base/random.ts'
import { buildBatch } from '../../src/record/build-batch.ts'
import type { Codec } from '../../src/record/codec.ts'
import { apis } from '../../src/wire/apis.ts'
import { encodeRequest } from '../../src/wire/frame.ts'
import type { AnyApi } from '../../src/wire/message.ts'
import { arbitraryValue } from '../../src/wire/testing/arbitrary.ts'
import { Aim } from '../kafka/aim.ts'

/** Of each API and version; half of them aimed at the topic that is there. */
const samplesEach = 6

const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

export interface Corpus {
  readonly frames: readonly Buffer[]
  readonly batches: readonly Buffer[]
}

export function corpusFor(topicId: string, random: Random): Corpus {
  const batches = sampleBatches()
  const frames = [...sampleFrames(topicId, random), ...produceFrames(topicId, batches)]
  return { frames, batches }
}

function sampleFrames(topicId: string, random: Random): Buffer[] {
  return (Object.values(apis) as AnyApi[]).flatMap((api) =>
    versionsOf(api).flatMap((version) => {
      const aim = new Aim(version, topicId)
      const { fields } = api.request
      const seed = random.uint32() | 0
      const drawn = fc.sample(arbitraryValue(fields, version), { numRuns: samplesEach, seed })
      return drawn.map((value, index) => {
        const body = index % 2 === 0 ? value : aim.struct(fields, value)
        return frameOf(api, version, body)
      })
    }),
  )
}

function produceFrames(topicId: string, batches: readonly Buffer[]): Buffer[] {
  const api = apis[0] as unknown as AnyApi
  return versionsOf(api).flatMap((version) =>
    batches.map((records, at) => {
      const partitionData = [{ index: at % 3, records }]
      const topicData = [{ name: 't', topicId, partitionData }]
      return frameOf(api, version, { acks: -1, timeoutMs: 1_000, topicData })
    }),
  )
}

function sampleBatches(): Buffer[] {
  return codecs.flatMap((codec) =>
    [1, 3, 40].flatMap((count) =>
      [-1, 7].map((producerId) => {
        const records = Array.from({ length: count }, (_, index) => ({
          key: index % 3 === 0 ? null : Buffer.from(`key ${index}`),
          value: index % 5 === 4 ? null : Buffer.from(`value ${index} `.repeat(index % 7)),
          headers: index % 4 === 0 ? [{ key: 'h', value: Buffer.from('x') }] : [],
          timestampMs: 1_700_000_000_000 + index,
        }))
        const sequence = producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence: 0 }
        return Buffer.from(buildBatch(records, { codec, ...sequence }))
      }),
    ),
  )
}

function frameOf(api: AnyApi, apiVersion: number, body: object): Buffer {
  const header = { apiVersion, correlationId: 0, clientId: 'fuzz' }
  return Buffer.concat(encodeRequest(api as never, header, body as never))
}

function versionsOf({ versions }: AnyApi): number[] {
  return Array.from({ length: versions.max - versions.min + 1 }, (_, index) => versions.min + index)
}

/** One of `values`. */
export function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[randomBelow(random, values.length)] as Value
}
