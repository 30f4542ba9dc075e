/** `karst quarantine release` against a real broker: each record once, whatever happens. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  bad,
  good,
  later,
  never,
  type Printed,
  QuarantineWorld,
} from '../../test/contract/quarantine-world.ts'
import { typed } from '../../test/support/karst-command.ts'
import { isFailure } from '../base/errors.ts'
import { TransactionalProducer } from '../client/transactional-producer.ts'
import type { NewRecord } from '../record/build-batch.ts'

let world: QuarantineWorld
before(async () => {
  world = await QuarantineWorld.start()
})
after(() => world.close())

const optionalNote = '{name: note, logicalType: string, classification: internal}'

const record = (value: string | null, key = 'k'): NewRecord => {
  const headers = [{ key: 'ce_tenant', value: Buffer.from('acme') }]
  const bytes = value === null ? null : Buffer.from(value)
  return { key: Buffer.from(key), value: bytes, headers, timestampMs: 1.7e12 }
}

describe('release', () => {
  test('in the order of their places, once, once the contract allows them', async () => {
    const topic = await world.freshTopic()
    await world.send(topic, 1, good, later)
    await world.send(topic, 0, later, good, later)
    await world.allowLater(topic)
    const [before] = await world.json<{ readonly timestamp: number }[]>('show', topic, '0:2')
    const released = await world.karst('release', topic, '--all')
    assert.deepEqual(released, { code: 0, out: `released 3 to ${topic}\n`, err: '' })
    assert.deepEqual(await world.values(topic, 0), [good, later, later])
    assert.deepEqual(await world.values(topic, 1), [good, later])
    const last = (await world.seen(topic)).find((each) => each.partition === 0 && each.offset > 3)
    assert.deepEqual([last?.key, last?.headers], ['k', ['ce_tenant=acme']])
    assert.equal(last?.timestampMs, before?.timestamp)
    assert.deepEqual(await world.places(topic), [])
    const again = await world.json('release', topic, '--all')
    assert.deepEqual([again.released, again.refused], [[], []])
    assert.equal((await world.seen(topic)).length, 5)
  })

  test('what still breaks the contract stays, and is told; others are released', async () => {
    const topic = await world.freshTopic()
    await world.send(topic, 0, later, bad, later, bad, later)
    await world.send(topic, 1, bad, later)
    await world.allowLater(topic)
    const told = await world.karst('release', topic, '--all', '--json')
    const { released, refused } = JSON.parse(told.out) as Printed
    assert.equal(told.code, 1)
    assert.deepEqual(released, ['0:0', '0:2', '0:4', '1:1'])
    assert.deepEqual(
      refused.map(({ place }) => place),
      ['0:1', '0:3', '1:0'],
    )
    assert.match(told.err, /^0:1: \/decision: .+ \(schema\)$/m)
    assert.deepEqual(await world.places(topic), ['0:1', '0:3', '1:0'])
    assert.deepEqual(await world.values(topic, 0), [later, later, later])
    assert.deepEqual(await world.values(topic, 1), [later])
  })

  test('by place and by rule; what is not there is told', async () => {
    const topic = await world.freshTopic()
    await world.send(topic, 0, later, later)
    await world.command('produce', topic, '-v', good, '-p', '0')
    await world.allowLater(topic)
    const some = await world.karst('release', topic, '0:1', '0:7')
    assert.equal(some.code, 1)
    assert.match(some.err, /^not in quarantine of .*: 0:7\n$/)
    assert.deepEqual(await world.places(topic), ['0:0', '0:2'])
    assert.equal((await world.karst('release', topic, '--rule', 'schema')).code, 0)
    assert.deepEqual(await world.places(topic), ['0:2'])
    assert.deepEqual(await world.values(topic, 0), [later, later])
  })

  test('more than one transaction holds, with large records among them', async () => {
    const topic = await world.freshTopic({ partitions: 1, more: [optionalNote] })
    const large = JSON.stringify({ tool: 'x'.repeat(900_000), decision: 'escalated' })
    await world.send(topic, 0, large, ...Array.from({ length: 230 }, () => later), large)
    await world.allowLater(topic, { partitions: 1, more: [optionalNote] })
    const told = await world.json('release', topic, '--all')
    assert.deepEqual([told.released.length, told.refused], [232, []])
    const now = await world.values(topic, 0)
    assert.deepEqual([now.length, now[0] === large, now.at(-1) === large], [232, true, true])
  })

  test('a batch that is refused without a record’s name is halved until it has one', async () => {
    const topic = await world.freshTopic({ partitions: 1 })
    const large = JSON.stringify({ tool: 'x'.repeat(300_000), decision: 'escalated' })
    await world.send(topic, 0, later, later, large, later)
    await world.allowLater(topic, { partitions: 1 })
    const set = await world.command('topic', 'config', topic, '--set', 'max.message.bytes=100000')
    assert.equal(set.code, 0, set.err)
    const told = await world.karst('release', topic, '--all')
    assert.deepEqual([told.code, told.out], [1, `released 3 to ${topic}\n`])
    assert.match(told.err, /^0:2: .*MESSAGE_TOO_LARGE\)\n$/)
    assert.deepEqual(await world.values(topic, 0), [later, later, later])
    assert.deepEqual(await world.places(topic), ['0:2'])
  })

  test('one that is killed before it commits leaves all where it was', async () => {
    const topic = await world.freshTopic({ partitions: 1 })
    await world.send(topic, 0, later)
    await world.allowLater(topic, { partitions: 1 })
    const id = `karst-quarantine-${topic}.quarantine`
    await world.withClient(async (client) => {
      const producer = await TransactionalProducer.open(client, id, never)
      assert.equal(await producer.send({ topic, partition: 0 }, [record(later)]), undefined)
      assert.deepEqual(await world.seen(topic), [])
      await world.broker.kill()
      await assert.rejects(producer.commit(), (error) => isFailure(error, 'unknown-outcome'))
    })
    await world.broker.restart()
    assert.deepEqual(await world.places(topic), ['0:0'])
    assert.deepEqual(await world.seen(topic), [])
    assert.equal((await world.karst('release', topic, '--all')).code, 0)
    assert.deepEqual(await world.values(topic, 0), [later])
    assert.deepEqual(await world.places(topic), [])
  })

  test('an open one is told by list, and decided by the next', async () => {
    const topic = await world.freshTopic({ partitions: 1 })
    await world.send(topic, 0, later)
    const quarantine = `${topic}.quarantine`
    const stored = JSON.parse(await world.firstStored(topic)) as { partition: number; key: string }
    const at = { topic: quarantine, partition: stored.partition }
    await world.withClient(async (client) => {
      const id = `karst-quarantine-${quarantine}`
      const producer = await TransactionalProducer.open(client, id, never)
      await producer.send(at, [record(null, stored.key)])
      const told = await world.karst('list', topic)
      assert.match(told.err, /a release or drop is under way/)
      assert.match(told.out, /^0:0\t/m)
      assert.equal((await world.karst('drop', topic, '--all', '--yes')).code, 0)
      await assert.rejects(producer.commit(), (error) => isFailure(error, 'fenced'))
    })
    assert.deepEqual(await world.places(topic), [])
  })

  test('of two at once each record comes once', async () => {
    const topic = await world.freshTopic({ partitions: 1 })
    const count = 300
    await world.send(topic, 0, ...Array.from({ length: count }, () => later))
    await world.allowLater(topic, { partitions: 1 })
    const args = ['quarantine', 'release', topic, '--all', '--json']
    const both = await Promise.all([0, 1, 2].map(() => typed(world.broker.bootstrap, args)))
    for (const { code, err } of both) {
      assert.ok(code === 0 || /stopped: .*run it again/.test(err), err)
    }
    assert.equal((await world.karst('release', topic, '--all')).code, 0)
    assert.equal((await world.seen(topic)).length, count)
    assert.deepEqual(await world.places(topic), [])
  })

  test('a retry that comes after the release brings nothing back', async () => {
    const topic = await world.freshTopic({ partitions: 1 })
    await world.send(topic, 0, later)
    await world.allowLater(topic, { partitions: 1 })
    const stored = await world.firstStored(topic)
    assert.equal((await world.karst('release', topic, '--all')).code, 0)
    await world.sendLines(`${topic}.quarantine`, stored)
    const told = await world.json('list', topic)
    assert.deepEqual([told.count, told.late], [0, 1])
    assert.equal((await world.karst('release', topic, '--all')).out, `released 0 to ${topic}\n`)
    assert.deepEqual(await world.values(topic, 0), [later])
    assert.equal((await world.json('list', topic)).late, 0)
  })
})
