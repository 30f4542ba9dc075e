/** Confluent's client for Python, which is librdkafka underneath. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { run } from '../support/program.ts'
import { freshName, openTarget, type Target } from '../support/target.ts'
import { enforceTopic, otherSchema } from './enforced-topic.ts'
import { pythonHome } from './homes.ts'
import { order } from './orders.ts'

const timeoutMs = 90_000
const program = path.join(import.meta.dirname, 'python/round_trip.py')

let target: Target

before(async () => {
  target = await openTarget()
})
after(() => target.close())

const languages = { avro: 'AVRO', json: 'JSON', protobuf: 'PROTOBUF' } as const

async function roundTrip(...args: string[]): Promise<unknown> {
  const python = path.join(pythonHome, 'bin/python')
  const all = [program, target.bootstrap, target.registry, ...args]
  const lines = await run('python', python, all, { timeoutMs })
  return JSON.parse(lines.at(-1) ?? '')
}

for (const [language, type] of Object.entries(languages)) {
  for (const place of ['prefix', 'header']) {
    const headers = place === 'header' ? ['__value_schema_id'] : []
    test(`${language}, with the id in the ${place}`, async () => {
      const topic = freshName(`python-${language}-${place}`)
      const told = await roundTrip(topic, language, place)
      assert.deepEqual(told, { read: { ...order }, version: 1, headers })
    })

    test(`${language}, id in the ${place}, where records are held to their schema`, async () => {
      const topic = freshName(`python-enforced-${language}-${place}`)
      await enforceTopic(target, topic, { type })
      const id = await otherSchema(target, topic, type)
      assert.deepEqual(await roundTrip(topic, language, place, String(id)), {
        ...{ read: { ...order }, version: 1, headers },
        told: ['INVALID_RECORD', 'INVALID_RECORD', 'INVALID_RECORD', null],
      })
    })
  }
}
