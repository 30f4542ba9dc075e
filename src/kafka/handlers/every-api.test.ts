/** What holds for every API in every version, whatever a client sends and whatever fails. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Aim } from '../../../test/kafka/aim.ts'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { errorInfos } from '../../wire/error-codes.ts'
import type { AnyApi } from '../../wire/message.ts'
import { apiVersions } from '../../wire/messages/18-api-versions.ts'
import { arbitraryValue } from '../../wire/testing/arbitrary.ts'

/** Produce and Fetch have tests of their own: they need a journal. */
const judged = (api: AnyApi): boolean => api.key > 1

const versionsOf = ({ versions }: AnyApi): number[] =>
  Array.from({ length: versions.max - versions.min + 1 }, (_, index) => versions.min + index)

test('ApiVersions tells every API in the table, with the versions that are read', async () => {
  const world = new KafkaWorld()
  const { apiKeys } = await world.ask(apiVersions, 4, {
    clientSoftwareName: 'a',
    clientSoftwareVersion: '1',
  })
  assert.deepEqual(
    apiKeys.map(({ apiKey }) => apiKey).toSorted((a, b) => a - b),
    [
      0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 32,
      33, 34, 35, 37, 42, 43, 44, 45, 46, 47, 48, 49, 55, 57, 60, 61, 65, 66, 68, 69, 74, 75,
    ],
  )
  for (const { apiKey, minVersion, maxVersion } of apiKeys) {
    const api = world.apis.find(({ key }) => key === apiKey)
    assert.deepEqual({ min: minVersion, max: maxVersion }, api?.advertised)
  }
})

/** Every error code in an answer, with where it stands. */
function codesIn(value: unknown, path = ''): { path: string; code: number }[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  return Object.entries(value).flatMap(([name, each]) => {
    const at = `${path}.${name}`
    if (name.endsWith('rrorCode')) return [{ path: at, code: Number(each) }]
    return codesIn(each, at)
  })
}

test('whatever a request of any version says, it is answered with codes of Kafka', async () => {
  for (const api of new KafkaWorld().apis.filter(judged)) {
    for (const version of versionsOf(api)) {
      const world = new KafkaWorld()
      const topicId = await world.topic('t')
      const aim = new Aim(version, topicId)
      const requests = fc.sample(arbitraryValue(api.request.fields, version), {
        numRuns: 40,
        seed: 1,
      })
      for (const sample of requests) {
        const request = aim.struct(api.request.fields, sample)
        const answer = await world.ask(api, version, request as never)
        for (const { path, code } of codesIn(answer)) {
          assert.ok(errorInfos.has(code), `${api.name} v${version} ${path}: ${code}`)
          assert.notEqual(code, -1, `${api.name} v${version} ${path}`)
        }
      }
    }
  }
})

test('without a catalog every API answers, and never with UNKNOWN_SERVER_ERROR', async () => {
  for (const api of new KafkaWorld().apis.filter(judged)) {
    const world = new KafkaWorld()
    await world.topic('t')
    world.cutCatalog()
    for (const version of versionsOf(api)) {
      const requests = fc.sample(arbitraryValue(api.request.fields, version), {
        numRuns: 10,
        seed: 2,
      })
      for (const request of requests) {
        const answer = await world.ask(api, version, request as never)
        for (const { path, code } of codesIn(answer)) {
          assert.notEqual(code, -1, `${api.name} v${version} ${path}`)
        }
      }
    }
  }
})
