/** `karst produce` and `karst consume` against a real broker, as a person types them. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BrokerProcess } from '../../test/support/broker-process.ts'
import { begin, here, typed, type Typed } from '../../test/support/karst-command.ts'
import { partitionOfKey } from '../record/murmur2.ts'
import { until } from '../../test/support/until.ts'

let broker: BrokerProcess
before(async () => {
  broker = await BrokerProcess.start()
})
after(() => broker.close())
const karst = (...args: string[]): Promise<Typed> => typed(broker.bootstrap, args)
/** In this process: for what a test stands on, not for what it shows. */
const quick = (...args: string[]): Promise<Typed> => here(broker.bootstrap, args)
const feed = (input: string, ...args: string[]): Promise<Typed> =>
  typed(broker.bootstrap, args, input)

let topics = 0
async function freshTopic(...flags: string[]): Promise<string> {
  const name = `topic-${++topics}`
  assert.equal((await quick('topic', 'create', name, ...flags)).code, 0)
  return name
}

interface Seen {
  partition: number
  offset: number
  timestamp: number
  key: unknown
  value: unknown
  headers: unknown
}
async function seen(topic: string, ...flags: string[]): Promise<Seen[]> {
  const { code, out, err } = await quick('consume', topic, '--until-end', '--json', ...flags)
  assert.equal(code, 0, err)
  const lines = out.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as Seen)
}
const values = (records: readonly Seen[]): unknown[] => records.map(({ value }) => value)

describe('produce', () => {
  test('lines become records, in order, with every codec', async () => {
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      const topic = await freshTopic('-p', '1')
      const sent = await feed('one\n\nthree', 'produce', topic, '--compression', codec)
      assert.deepEqual(sent, { code: 0, out: `sent 3 records to ${topic}\n`, err: '' })
      assert.deepEqual(values(await seen(topic)), ['one', '', 'three'], codec)
    }
  })

  test('key, header, partition and tombstone come from flags', async () => {
    const topic = await freshTopic('-p', '4')
    const flags = ['--key', 'k', '-H', 'a=1', '-H', 'a=2', '--partition', '3']
    assert.equal((await karst('produce', topic, '--value', 'v', ...flags)).code, 0)
    assert.equal((await karst('produce', topic, '--null-value', ...flags)).code, 0)
    const headers = [
      { key: 'a', value: '1' },
      { key: 'a', value: '2' },
    ]
    const shared = { partition: 3, key: 'k', headers }
    assert.partialDeepStrictEqual(await seen(topic), [
      { ...shared, offset: 0, value: 'v' },
      { ...shared, offset: 1, value: null },
    ])
  })

  test('the same key goes to the same partition, where other clients put it', async () => {
    const topic = await freshTopic('-p', '4')
    const lines = ['user-1:a', 'user-2:b', 'user-1:c:d'].join('\n')
    assert.equal((await feed(lines, 'produce', topic, '--key-separator', ':')).code, 0)
    const records = await seen(topic)
    const ofOne = records.filter(({ key }) => key === 'user-1')
    assert.deepEqual(values(ofOne), ['a', 'c:d'])
    const places = records.map(({ key, partition }) => [key, partition])
    for (const [key, partition] of places) {
      assert.equal(partition, partitionOfKey(Buffer.from(String(key)), 4))
    }
  })

  test('a line that cannot be a record is named, the others are sent', async () => {
    const topic = await freshTopic('-p', '1')
    const mixed = await feed('a:1\nb\nc:3', 'produce', topic, '-K', ':')
    assert.equal(mixed.code, 1)
    assert.equal(mixed.out, `sent 2 records to ${topic}\n`)
    assert.equal(mixed.err, 'line 2: no ":" between key and value\n')
    const large = 'x'.repeat(1_200_000)
    const refused = await feed(`d\n${large}\ne\n`, 'produce', topic)
    assert.equal(refused.code, 1)
    assert.match(refused.err, /^line 2: .*MESSAGE_TOO_LARGE/)
    assert.deepEqual(values(await seen(topic)), ['1', '3', 'd', 'e'])
  })

  test('records of a compacted topic need keys, and which ones lack them is told', async () => {
    const topic = await freshTopic('-p', '1', '-c', 'cleanup.policy=compact')
    const lines = ['{"key":"a","value":"1"}', '{"value":"2"}', '{"key":"c","value":"3"}']
    const sent = await feed(lines.join('\n'), 'produce', topic, '--json')
    assert.equal(sent.code, 1)
    assert.match(sent.err, /^line 2: .*key/)
    assert.deepEqual(JSON.parse(sent.out), { topic, sent: 2, failed: 1 })
    assert.deepEqual(values(await seen(topic)), ['1', '3'])
  })

  test('JSON lines carry what text cannot, from one topic to another', async () => {
    const [source, target] = [await freshTopic('-p', '2'), await freshTopic('-p', '2')]
    const lines = [
      { key: null, value: 'text', timestamp: 1_700_000_000_000, partition: 1 },
      { key: { base64: '/wA=' }, value: { base64: 'gIE=' }, headers: { h: null }, partition: 0 },
      { key: 'tombstone', value: null, headers: [{ key: 'h', value: 'é' }], partition: 0 },
    ].map((record) => JSON.stringify(record))
    assert.equal((await feed(lines.join('\n'), 'produce', source, '--json')).code, 0)
    const printed = await karst('consume', source, '--json', '--until-end')
    assert.equal((await feed(printed.out, 'produce', target, '--json')).code, 0)
    const [first, copy] = [await seen(source), await seen(target)]
    const bare = (records: Seen[]): object[] =>
      records.map((record) => ({ ...record, topic: undefined })).toSorted(byPlace)
    assert.deepEqual(bare(copy), bare(first))
    assert.equal(first.find(({ partition }) => partition === 1)?.timestamp, 1_700_000_000_000)
  })

  test('wrong JSON is told line by line', async () => {
    const topic = await freshTopic()
    const lines = ['{', '[]', '{"value":1}', '{"value":{"base64":"?"}}', '{"partition":99}']
    const sent = await feed(lines.join('\n'), 'produce', topic, '--json')
    assert.equal(sent.code, 1)
    for (const [index, why] of ['not JSON', 'object', 'value', 'value', 'partition'].entries()) {
      assert.match(sent.err, new RegExp(`^line ${index + 1}: .*${why}`, 'm'))
    }
    assert.deepEqual(await seen(topic), [])
  })

  test('acks 1 and 0 arrive, too', async () => {
    const topic = await freshTopic('-p', '1')
    assert.equal((await karst('produce', topic, '-v', 'one', '--acks', '1')).code, 0)
    assert.equal((await karst('produce', topic, '-v', 'two', '--acks', '0')).code, 0)
    assert.deepEqual(values(await seen(topic)), ['one', 'two'])
  })

  test('many records come once each, in order, while the broker restarts', async () => {
    const topic = await freshTopic('-p', '1')
    const numbers = Array.from({ length: 200_000 }, (_, at) => String(at))
    const producing = feed(numbers.join('\n'), 'produce', topic)
    await until(
      async () => !(await karst('topic', 'describe', topic)).out.includes('\t0\t0\t0\n'),
      10_000,
      () => 'nothing arrives',
    )
    await broker.kill()
    await broker.restart()
    const { code, err } = await producing
    assert.equal(code, 0, err)
    const { out } = await karst('consume', topic, '--values', '--until-end')
    assert.equal(out, `${numbers.join('\n')}\n`)
  })

  test('what is mistyped is not tried, a topic that is not there is not made', async () => {
    const topic = await freshTopic('-p', '1')
    for (const args of [
      [],
      [topic, 'second'],
      [topic, '--acks', '2'],
      [topic, '--compression', 'rar'],
      [topic, '--partition', '1'],
      [topic, '--header', 'x'],
      [topic, '--json', '--key', 'k'],
      [topic, '--key', 'k', '--key-separator', ':'],
    ]) {
      const { code, out } = await quick('produce', ...args)
      assert.deepEqual({ code, out }, { code: 2, out: '' }, args.join(' '))
    }
    const missing = await feed('x', 'produce', 'nope')
    assert.equal(missing.code, 1)
    assert.match(missing.err, /there is no topic nope\. Create it: karst topic create nope/)
    assert.equal((await karst('topic', 'describe', 'nope')).code, 1)
  })
})

const byPlace = (a: Seen, b: Seen): number => a.partition - b.partition || a.offset - b.offset

describe('consume', () => {
  const timeOf = (at: number): number => 1_700_000_000_000 + at * 1_000
  async function tenRecords(): Promise<string> {
    const topic = await freshTopic('-p', '1')
    const lines = Array.from({ length: 10 }, (_, at) =>
      JSON.stringify({ key: `k${at}`, value: `v${at}`, timestamp: timeOf(at) }),
    )
    assert.equal((await feed(lines.join('\n'), 'produce', topic, '--json')).code, 0)
    return topic
  }

  test('begins where it is told to', async () => {
    const topic = await tenRecords()
    const cases: [from: string, first: number | undefined][] = [
      ['beginning', 0],
      ['earliest', 0],
      ['end', undefined],
      ['7', 7],
      ['-3', 7],
      ['-30', 0],
      [`${timeOf(4)}ms`, 4],
      [new Date(timeOf(4) + 1).toISOString(), 5],
      ['2001-01-01', 0],
      ['2100-01-01', undefined],
    ]
    for (const [from, first] of cases) {
      const records = await seen(topic, '--from', from)
      assert.equal(records[0]?.offset, first, from)
      assert.equal(records.length, first === undefined ? 0 : 10 - first, from)
    }
    const beyond = await karst('consume', topic, '--from', '99', '--until-end')
    assert.deepEqual([beyond.code, beyond.out], [0, ''])
    assert.match(beyond.err, /does not hold offset 99: beginning at 10/)
  })

  test('prints one record per line, as text, values or JSON', async () => {
    const topic = await freshTopic('-p', '1')
    const timestamp = '2026-11-20T12:00:00Z'
    const lines = [
      { key: 'k', value: 'two\nlines\t', headers: { h: 'x' }, timestamp },
      { key: null, value: { base64: '/w==' }, timestamp },
    ]
    const text = lines.map((each) => JSON.stringify(each)).join('\n')
    await feed(text, 'produce', topic, '--json')
    const printed = await karst('consume', topic, '--until-end')
    assert.equal(
      printed.out,
      '0:0\t2026-11-20T12:00:00.000Z\tk\ttwo\\nlines\\t\th=x\n' +
        '0:1\t2026-11-20T12:00:00.000Z\t(null)\tbase64:/w==\n',
    )
    assert.equal(
      (await karst('consume', topic, '-e', '--values')).out,
      'two\nlines\t\nbase64:/w==\n',
    )
    const [first, second] = await seen(topic)
    assert.equal(first?.value, 'two\nlines\t')
    assert.deepEqual(second?.value, { base64: '/w==' })
  })

  test('stops after --max, and reads only the partitions asked for', async () => {
    const topic = await freshTopic('-p', '3')
    for (const partition of ['0', '1', '2']) {
      await quick('produce', topic, '-v', 'a', '-v', 'b', '-v', 'c', '-p', partition)
    }
    const two = await karst('consume', topic, '--max', '2', '--partition', '1', '--values')
    assert.deepEqual(two, { code: 0, out: 'a\nb\n', err: '' })
    const some = await seen(topic, '--partition', '0', '--partition', '2')
    assert.deepEqual(new Set(some.map(({ partition }) => partition)), new Set([0, 2]))
    assert.equal(some.length, 6)
    assert.equal((await karst('consume', topic, '--partition', '3')).code, 2)
  })

  test('waits for more, and stops cleanly on SIGINT', async () => {
    const topic = await tenRecords()
    const waiting = begin(broker.bootstrap, ['consume', topic, '--from', '9', '--values'])
    await waiting.line((line) => line === 'v9', 10_000)
    await karst('produce', topic, '--value', 'later')
    await waiting.line((line) => line === 'later', 10_000)
    waiting.signal('SIGINT')
    assert.deepEqual(await waiting.exited, { code: 0, signal: null, timedOut: false })
  })

  test('what is mistyped is not tried', async () => {
    const topic = await freshTopic()
    for (const args of [
      [],
      [topic, '--from', 'yesterday'],
      [topic, '--from', '1.5'],
      [topic, '--max', '0'],
      [topic, '--json', '--values'],
      [topic, '--group', 'g', '--partition', '0'],
    ]) {
      const { code, out } = await quick('consume', ...args)
      assert.deepEqual({ code, out }, { code: 2, out: '' }, args.join(' '))
    }
    const missing = await karst('consume', 'nope', '--until-end')
    assert.equal(missing.code, 1)
    assert.match(missing.err, /there is no topic nope/)
  })
})
