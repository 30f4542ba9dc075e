/** `karst quarantine list`, `show` and `drop` against a real broker, as a person types them. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bad, good, never, QuarantineWorld } from '../../test/contract/quarantine-world.ts'
import { type QuarantineView, readQuarantine } from './quarantine-entries.ts'
import { tellBesides } from './quarantine-notes.ts'

let world: QuarantineWorld
before(async () => {
  world = await QuarantineWorld.start()
})
after(() => world.close())

describe('list and show', () => {
  test('what was set aside, by place, and how many of each rule', async () => {
    const topic = await world.freshTopic()
    await world.send(topic, 1, bad, good, bad)
    await world.send(topic, 0, good, '{', good)
    const { code, out, err } = await world.karst('list', topic)
    const rows = out.split('\n').map((line) => line.split('\t'))
    assert.equal(code, 0)
    assert.deepEqual(
      rows.map(([place]) => place),
      ['PLACE', '0:1', '1:0', '1:2', ''],
    )
    assert.deepEqual(rows[2]?.slice(2, 3), [`${topic}@1.0.0`])
    assert.deepEqual(rows[2]?.slice(4, 6), ['schema', '/decision'])
    assert.match(err, /^3 in quarantine; by rule: schema 3\n$/)
    const told = await world.json('list', topic, '--limit', '1')
    assert.partialDeepStrictEqual(told, {
      ...{ topic, quarantineTopic: `${topic}.quarantine`, count: 3, rules: { schema: 3 } },
      ...{ isCut: false, late: 0, foreign: 0, undecided: 0 },
      records: [{ partition: 0, offset: 1, rule: 'schema', contract: `${topic}@1.0.0` }],
    })
    assert.equal(told.records.length, 1)
  })

  test('filters', async () => {
    const topic = await world.freshTopic()
    await world.send(topic, 0, bad)
    await world.command('produce', topic, '-v', good, '-p', '0')
    const count = async (...flags: string[]): Promise<number> =>
      (await world.json('list', topic, ...flags)).count
    assert.equal(await count(), 2)
    assert.equal(await count('--rule', 'fact:tenant'), 1)
    assert.equal(await count('--contract', topic), 2)
    assert.equal(await count('--contract', `${topic}@2.0.0`), 0)
    assert.equal(await count('--since', '1h'), 2)
    assert.equal(await count('--since', '2100-01-01'), 0)
    assert.match(
      (await world.karst('list', topic, '--rule', 'x')).err,
      /nothing of .* is in quarantine/,
    )
  })

  test('a record as it was sent, and why it is there', async () => {
    const topic = await world.freshTopic()
    await world.send(topic, 1, good, bad)
    const [shown] = await world.json<object[]>('show', topic, '1:1')
    assert.partialDeepStrictEqual(shown, {
      ...{ topic, partition: 1, offset: 1, key: 'k', value: bad },
      headers: [{ key: 'ce_tenant', value: 'acme' }],
      reason: { contract: `${topic}@1.0.0`, revision: `${topic}@1`, rule: 'schema' },
    })
    const text = await world.karst('show', topic, '1:1')
    assert.match(text.out, /^rule: schema\nat: \/decision\nmessage: .+\n/m)
    assert.match(text.out, /^key: k\nheader: ce_tenant=acme\nvalue: \{/m)
    const missing = await world.karst('show', topic, '1:1', '1:0')
    assert.equal(missing.code, 1)
    assert.match(missing.out, /^rule: schema/m)
    assert.match(missing.err, /not in quarantine of .*: 1:0/)
  })

  test('what no broker has written is counted, and no more', async () => {
    const topic = await world.freshTopic()
    await world.send(topic, 0, bad)
    const quarantine = `${topic}.quarantine`
    const forged = ['-v', 'x', '-H', 'karst.quarantine={"v":1}', '-k', 'an-id/0/0']
    await world.command('produce', quarantine, '-v', 'x', '-k', 'k')
    await world.command('produce', quarantine, ...forged)
    // Somebody's copy of a record under another key.
    const copy = JSON.parse(await world.firstStored(topic)) as object
    await world.sendLines(quarantine, JSON.stringify({ ...copy, key: 'another' }))
    const told = await world.json('list', topic)
    assert.deepEqual([told.count, told.foreign], [1, 3])
    assert.match((await world.karst('list', topic)).err, /3 records were not written by brokers/)
    assert.equal(
      (await world.karst('drop', topic, '--all', '--yes')).out,
      `dropped 1 of ${topic} from quarantine\n`,
    )
    assert.equal((await world.json('list', topic)).foreign, 3)
  })

  test('more than memory holds is said, and a filter brings others', async () => {
    const topic = await world.freshTopic({ partitions: 1 })
    await world.send(topic, 0, bad, bad, bad)
    const read = (from: number): Promise<QuarantineView> =>
      world.withClient((client) =>
        readQuarantine({
          ...{ client, signal: never, topic, quarantineTopic: `${topic}.quarantine`, heldMax: 2 },
          wants: ({ offset }) => offset >= from,
        }),
      )
    const [all, some] = [await read(0), await read(1)]
    assert.deepEqual([all.entries.length, all.isCut], [2, true])
    assert.deepEqual([some.entries.length, some.isCut], [2, false])
    let err = ''
    tellBesides({ err: (text) => void (err += text) }, 'q', all)
    assert.match(err, /^q: there are more than 50000 records.*use --rule\n$/)
  })

  test('a topic of which nothing is set aside, and what is mistyped', async () => {
    const missing = await world.karst('list', 'nobody')
    assert.equal(missing.code, 1)
    assert.match(missing.err, /there is no topic nobody\.quarantine.*--quarantine-topic NAME/)
    for (const args of [
      ['list'],
      ['list', 't', '0:1'],
      ['list', 't', '--since', 'yesterday'],
      ['show', 't'],
      ['show', 't', '0-1'],
      ['release', 't'],
      ['release', 't', '0:1', '--all'],
      ['drop', 't', '--all', '--rule', 'schema', '--yes'],
    ]) {
      assert.equal((await world.karst(...args)).code, 2, args.join(' '))
    }
  })
})

describe('drop', () => {
  test('asks for --yes, and then takes out what was chosen', async () => {
    const topic = await world.freshTopic({ partitions: 1 })
    await world.send(topic, 0, bad, bad, good)
    const asked = await world.karst('drop', topic, '0:1')
    assert.deepEqual([asked.code, asked.out], [2, 'would drop 0:1\n'])
    assert.match(asked.err, /nothing was dropped: 1 would be, with --yes/)
    assert.deepEqual(await world.places(topic), ['0:0', '0:1'])
    const dropped = await world.json('drop', topic, '0:1', '--yes')
    assert.deepEqual([dropped.dropped, dropped.missing], [['0:1'], []])
    const again = await world.karst('drop', topic, '0:1', '--yes')
    assert.equal(again.code, 1)
    assert.match(again.err, /not in quarantine of .*: 0:1/)
    assert.deepEqual(await world.places(topic), ['0:0'])
    assert.deepEqual(await world.values(topic, 0), [good])
  })
})
