/** `karst topic`, `produce`, `consume` and `group` against whatever cluster: also a real Kafka. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { here, typed, type Typed } from '../support/karst-command.ts'
import { codecs } from '../support/record.ts'
import { freshName, openTarget, type Target } from '../support/target.ts'

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())
const karst = (...args: string[]): Promise<Typed> => here(target.bootstrap, args)
const works = async (...args: string[]): Promise<string> => {
  const { code, out, err } = await karst(...args)
  assert.equal(code, 0, `karst ${args.join(' ')}: ${err}`)
  return out
}

test('topics are made, listed, described, configured and deleted', async () => {
  const topic = freshName('commands')
  await works('topic', 'create', topic, '-p', '3', '-c', 'retention.ms=60000')
  const again = await karst('topic', 'create', topic)
  assert.equal(again.code, 1)
  assert.match(again.err, /TOPIC_ALREADY_EXISTS/)
  assert.match(await works('topic', 'list'), new RegExp(`^${topic}\t3\t1$`, 'm'))
  const [described] = JSON.parse(await works('topic', 'describe', topic, '--json')) as object[]
  const partitions = [0, 1, 2].map((partition) => ({ partition, logStart: 0, logEnd: 0 }))
  assert.partialDeepStrictEqual(described, { name: topic, partitions })
  await works('topic', 'config', topic, '--set', 'retention.ms=70000')
  const read = async (): Promise<Record<string, object>> =>
    JSON.parse(await works('topic', 'config', topic, '--json')) as Record<string, object>
  assert.deepEqual((await read())['retention.ms'], { value: '70000', source: 'topic' })
  await works('topic', 'config', topic, '--delete', 'retention.ms')
  assert.partialDeepStrictEqual((await read())['retention.ms'], { source: 'default' })
  const wrong = await karst('topic', 'config', topic, '--set', 'retention.ms=soon')
  assert.deepEqual([wrong.code, wrong.out], [1, ''])
  await works('topic', 'delete', topic)
  assert.equal((await karst('topic', 'config', topic)).code, 1)
})

test('records go and come back with every codec, by offset and by time', async () => {
  for (const codec of codecs) {
    const topic = freshName('commands')
    await works('topic', 'create', topic, '-p', '1')
    const lines = [0, 1, 2, 3].map((at) =>
      JSON.stringify({ key: `k${at}`, value: at === 3 ? null : `v${at}`, timestamp: 1e12 + at }),
    )
    const flags = ['produce', topic, '--json', '--compression', codec]
    const sent = await typed(target.bootstrap, flags, lines.join('\n'))
    assert.equal(sent.code, 0, sent.err)
    const keys = async (from: string): Promise<string[]> => {
      const out = await works('consume', topic, '--from', from, '--until-end', '--json')
      const records = out.split('\n').filter((line) => line !== '')
      return records.map((line) => (JSON.parse(line) as { key: string }).key)
    }
    assert.deepEqual(await keys('beginning'), ['k0', 'k1', 'k2', 'k3'], codec)
    assert.deepEqual(await keys('-2'), ['k2', 'k3'], codec)
    assert.deepEqual(await keys('1'), ['k1', 'k2', 'k3'], codec)
    assert.deepEqual(await keys(`${1e12 + 3}ms`), ['k3'], codec)
    assert.deepEqual(await keys('end'), [], codec)
  }
})

test('a refused line is named', async () => {
  const topic = freshName('commands')
  await works('topic', 'create', topic, '-p', '1', '-c', 'cleanup.policy=compact')
  const lines = ['{"key":"a","value":"1"}', '{"value":"2"}', '{"key":"c","value":"3"}']
  const sent = await typed(target.bootstrap, ['produce', topic, '--json'], lines.join('\n'))
  assert.equal(sent.code, 1)
  assert.match(sent.err, /^line 2: .*INVALID_RECORD/)
  assert.deepEqual(JSON.parse(sent.out), { topic, sent: 2, failed: 1 })
})

test('a group commits, goes on, is described and reset', async () => {
  const [topic, group] = [freshName('commands'), freshName('group')]
  await works('topic', 'create', topic, '-p', '2')
  for (const partition of ['0', '1']) {
    await works('produce', topic, '-p', partition, '-v', 'a', '-v', 'b')
  }
  const consume = (): Promise<string> =>
    works('consume', topic, '--group', group, '--until-end', '--values')
  assert.equal((await consume()).split('\n').length - 1, 4)
  assert.equal(await consume(), '')
  const described = await works('group', 'describe', group)
  for (const partition of [0, 1]) {
    assert.match(described, new RegExp(`^${topic}\t${partition}\t2\t2\t0\t-`, 'm'))
  }
  assert.match(await works('group', 'list'), new RegExp(`^${group}\tEmpty\tclassic`, 'im'))
  await works('group', 'reset', group, '--to', '-1', '--topic', `${topic}:1`)
  assert.equal(await consume(), 'b\n')
  await works('group', 'reset', group, '--to', '2000-01-01', '--all-topics')
  assert.equal((await consume()).split('\n').length - 1, 4)
  const missing = await karst('group', 'describe', freshName('nobody'))
  assert.equal(missing.code, 1)
  assert.match(missing.err, /there is no group/)
})
