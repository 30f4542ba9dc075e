/**
 * A fleet on this machine, with one command and without Docker: PostgreSQL, a real S3 server, and
 * three brokers in three zones. It writes through one broker, reads through another, kills a third,
 * and shows that nothing is missing; then it serves until it is told to stop.
 *
 * npm run example:fleet              see it, then use it
 * npm run example:fleet -- --once    see it, then end
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import kafkajs from 'kafkajs'
import { Fleet } from '../../test/support/fleet.ts'

const records = 3_000
const topic = 'events'

function say(text: string): void {
  console.log(text)
}

const begunAt = performance.now()
say('starting PostgreSQL, an S3 server and three brokers …')
const fleet = await Fleet.start({ brokers: 3, zones: ['a', 'b', 'c'], kafkaPort: 9_092 })
const seconds = ((performance.now() - begunAt) / 1_000).toFixed(1)
say(`ready after ${seconds} s:`)
for (const [at, broker] of fleet.brokers.entries()) {
  say(
    `  b${at + 1}  zone ${'abc'[at]}  kafka ${broker.bootstrap}  ` +
      `ready in ${broker.readyMs.toFixed(0)} ms`,
  )
}
say(`  bucket  ${fleet.storageUrl}`)
say(`  catalog postgres on port ${fleet.postgres.port}`)

try {
  const [first, second, third] = fleet.brokers.map(({ bootstrap }) => bootstrap)
  const client = (bootstrap: string | undefined): kafkajs.Kafka =>
    new kafkajs.Kafka({ brokers: [bootstrap ?? ''], logLevel: kafkajs.logLevel.NOTHING })
  const admin = client(first).admin()
  await admin.createTopics({ topics: [{ topic, numPartitions: 6 }] })
  await admin.disconnect()

  const producer = client(first).producer({ idempotent: true })
  await producer.connect()
  const values = Array.from({ length: records }, (_, at) => ({
    key: `k${at % 50}`,
    value: `v${at}`,
  }))
  await producer.send({ topic, messages: values.slice(0, records / 2) })
  say(`wrote ${records / 2} records through ${first}`)

  await fleet.brokers[1]?.kill()
  const killedAt = performance.now()
  say(`killed b2 (kill -9), which owned nothing: ${second}`)
  await producer.send({ topic, messages: values.slice(records / 2) })
  say(`wrote ${records / 2} more, ${(performance.now() - killedAt).toFixed(0)} ms after the kill`)
  await producer.disconnect()

  const consumer = client(third).consumer({ groupId: 'readers' })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const seen = new Set<string>()
  const complete = Promise.withResolvers<void>()
  await consumer.run({
    eachMessage: async ({ message }) => {
      seen.add(message.value?.toString() ?? '')
      if (seen.size === records) complete.resolve()
    },
  })
  await complete.promise
  await consumer.disconnect()
  assert.equal(seen.size, records)
  say(`read ${seen.size} of ${records} records through ${third}: nothing is missing`)
  await fleet.brokers[1]?.restart()
  say(
    `b2 is back after ${fleet.brokers[1]?.readyMs.toFixed(0)} ms; ` +
      'no byte was moved for any of this',
  )

  if (!process.argv.includes('--once')) {
    say(`\nuse it: npx karst topic list --bootstrap ${first}   (Ctrl-C ends all of it)`)
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  }
} finally {
  await fleet.close()
}
process.exit(0)
