/** Every message of ours has the fields, types, versions and defaults of Kafka's own definition. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { apis } from '../../src/wire/apis.ts'
import { assignments, subscriptions } from '../../src/wire/consumer-protocol.ts'
import type { AnyApi } from '../../src/wire/message.ts'
import { differencesOf, stableMaxOf } from '../wire/definitions.ts'
import { kafkaMessages } from '../wire/kafka-definitions.ts'

describe('as in the jar of Kafka', () => {
  const known = kafkaMessages()
  const kafka = (name: string) => {
    const found = known.get(name)
    assert.ok(found !== undefined, `Kafka knows no ${name}`)
    return found
  }
  for (const api of Object.values<AnyApi>(apis)) {
    test(`${api.key} ${api.name}`, () => {
      const [request, response] = [kafka(api.request.name), kafka(api.response.name)]
      assert.deepEqual([request.apiKey, response.apiKey], [api.key, api.key])
      const ofRequest = differencesOf(api.request, request)
      const ofResponse = differencesOf(api.response, response, stableMaxOf(request))
      assert.deepEqual([...ofRequest, ...ofResponse], [])
    })
  }
  for (const ours of [subscriptions, assignments]) {
    test(ours.name, () => assert.deepEqual(differencesOf(ours, kafka(ours.name)), []))
  }
})
