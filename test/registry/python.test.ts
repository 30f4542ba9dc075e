/** Confluent's client for Python, which is librdkafka underneath. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { run } from '../support/program.ts'
import { freshName, openTarget, type Target } from '../support/target.ts'
import { pythonHome } from './homes.ts'
import { order } from './orders.ts'

const timeoutMs = 90_000
const program = path.join(import.meta.dirname, 'python/round_trip.py')

let target: Target

before(async () => {
  target = await openTarget()
})
after(() => target.close())

for (const language of ['avro', 'json', 'protobuf']) {
  for (const place of ['prefix', 'header']) {
    test(`${language}, with the id in the ${place}`, async () => {
      const topic = freshName(`python-${language}-${place}`)
      const args = [program, target.bootstrap, target.registry, topic, language, place]
      const lines = await run('python', path.join(pythonHome, 'bin/python'), args, { timeoutMs })
      assert.deepEqual(JSON.parse(lines.at(-1) ?? ''), {
        read: { ...order },
        version: 1,
        headers: place === 'header' ? ['__value_schema_id'] : [],
      })
    })
  }
}
