/** `karst topic` against a real broker, as a person types it. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BrokerProcess } from '../../test/support/broker-process.ts'
import { here, typed, type Typed } from '../../test/support/karst-command.ts'

let broker: BrokerProcess
before(async () => {
  broker = await BrokerProcess.start()
})
after(() => broker.close())
const karst = (...args: string[]): Promise<Typed> => typed(broker.bootstrap, args)
const json = ({ out }: Typed): unknown => JSON.parse(out)

describe('topic create', () => {
  test('makes topics with partitions and configs', async () => {
    const made = await karst('topic', 'create', 'a', 'b', '-p', '3', '-c', 'retention.ms=60000')
    const out = 'created a with 3 partitions\ncreated b with 3 partitions\n'
    assert.deepEqual(made, { code: 0, out, err: '' })
    const [described] = json(await karst('topic', 'describe', 'a', '--json')) as object[]
    assert.partialDeepStrictEqual(described, {
      name: 'a',
      configs: { 'retention.ms': '60000' },
      partitions: [0, 1, 2].map((partition) => ({ partition, logStart: 0, logEnd: 0 })),
    })
  })

  test('one that is refused keeps none of the others from being made', async () => {
    const made = await karst('topic', 'create', 'mixed', 'bad name', '--json')
    assert.equal(made.code, 1)
    assert.match(made.err, /^cannot create topic bad name: .*INVALID_TOPIC_EXCEPTION/)
    assert.partialDeepStrictEqual(json(made), [
      { name: 'mixed', outcome: 'created', error: null },
      { name: 'bad name', outcome: 'refused' },
    ])
  })

  test('one that exists is a failure, unless it is said to be none', async () => {
    await karst('topic', 'create', 'twice')
    const again = await karst('topic', 'create', 'twice')
    assert.equal(again.code, 1)
    assert.match(again.err, /TOPIC_ALREADY_EXISTS/)
    const fine = await karst('topic', 'create', 'twice', '--if-not-exists')
    assert.deepEqual(fine, { code: 0, out: 'twice exists\n', err: '' })
  })

  test('a dry run makes nothing, a wrong config is named', async () => {
    assert.equal((await karst('topic', 'create', 'dry', '--dry-run')).code, 0)
    assert.equal((await karst('topic', 'describe', 'dry')).code, 1)
    const wrong = await karst('topic', 'create', 'wrong', '-c', 'retention.msec=1')
    assert.equal(wrong.code, 1)
    assert.match(wrong.err, /retention\.msec.*INVALID_CONFIG/)
  })

  test('what is mistyped is not tried', async () => {
    for (const args of [
      [],
      ['x', '--partitions', 'many'],
      ['x', '--partitions', '0'],
      ['x', '--config', 'no-value'],
      ['x', '--partition', '3'],
      ['x', '--bootstrap', 'nowhere'],
    ]) {
      const { code, out, err } = await here(broker.bootstrap, ['topic', 'create', ...args])
      assert.deepEqual({ code, out }, { code: 2, out: '' }, args.join(' '))
      assert.match(err, /See karst topic create --help\n$/)
    }
  })
})

test('topic list', async () => {
  await karst('topic', 'create', 'listed', '-p', '2')
  const plain = await karst('topic', 'list')
  assert.equal(plain.code, 0)
  assert.match(plain.out, /^TOPIC\tPARTITIONS\tREPLICAS\n(.+\n)*listed\t2\t1\n/)
  const listed = json(await karst('topic', 'list', '--json')) as { name: string }[]
  assert.partialDeepStrictEqual(
    listed.find(({ name }) => name === 'listed'),
    { partitions: 2, replicas: 1, internal: false },
  )
})

test('topic config shows sources, and changes all or nothing', async () => {
  await karst('topic', 'create', 'configured')
  const config = async (...args: string[]): Promise<Typed> =>
    karst('topic', 'config', 'configured', ...args)
  const read = async (): Promise<Record<string, { value: string; source: string }>> =>
    json(await config('--json')) as Record<string, { value: string; source: string }>
  assert.equal((await read())['retention.ms']?.source, 'default')
  const out = 'changed configured\n'
  assert.deepEqual(await config('--set', 'retention.ms=5000'), { code: 0, out, err: '' })
  assert.deepEqual((await read())['retention.ms'], { value: '5000', source: 'topic' })
  assert.match((await config()).out, /^CONFIG\tVALUE\tSOURCE\n/)
  const wrong = await config('--set', 'retention.ms=7000', '--set', 'segment.ms=soon')
  assert.equal(wrong.code, 1)
  assert.match(wrong.err, /segment\.ms/)
  assert.equal((await read())['retention.ms']?.value, '5000')
  assert.equal((await config('--set', 'retention.ms=9000', '--dry-run')).code, 0)
  assert.equal((await config('--delete', 'retention.ms')).code, 0)
  assert.equal((await read())['retention.ms']?.source, 'default')
  assert.equal((await config('--set', 'a=1', '--delete', 'a')).code, 2)
  const none = await karst('topic', 'config', 'nope', '--set', 'retention.ms=1')
  assert.equal(none.code, 1)
  assert.match(none.err, /there is no topic nope/)
})

test('topic delete', async () => {
  await karst('topic', 'create', 'gone')
  const deleted = await karst('topic', 'delete', 'gone', 'never')
  assert.equal(deleted.code, 1)
  assert.equal(deleted.out, 'deleted gone\n')
  assert.equal(deleted.err, 'there is no topic never\n')
  const fine = await karst('topic', 'delete', 'gone', '--if-exists')
  assert.deepEqual(fine, { code: 0, out: 'no gone\n', err: '' })
})

test('a broker that is not there is told with its address and what to do', async () => {
  const { code, out, err } = await typed('127.0.0.1:1', ['topic', 'list'])
  assert.deepEqual({ code, out }, { code: 1, out: '' })
  assert.match(err, /127\.0\.0\.1:1 does not answer: connection refused.*karst up.*--bootstrap/)
  const http = await typed(broker.addresses.http, ['topic', 'list'])
  assert.equal(http.code, 1)
  assert.match(http.err, /is this a Kafka broker/)
})

describe('topic records delete', () => {
  const filled = async (name: string, partitions: number): Promise<void> => {
    await karst('topic', 'create', name, '-p', String(partitions))
    for (let partition = 0; partition < partitions; partition++) {
      const values = Array.from({ length: 5 }, (_, at) => ['-v', String(at)]).flat()
      await here(broker.bootstrap, ['produce', name, '-p', String(partition), ...values])
    }
  }
  const shown = async (name: string): Promise<[number, number, boolean][]> => {
    const told = json(await here(broker.bootstrap, ['topic', 'describe', name, '--json']))
    const [only] = told as {
      partitions: { logStart: number; logEnd: number; sizeBytes: number }[]
    }[]
    return (only?.partitions ?? []).map(({ logStart, logEnd, sizeBytes }) => {
      return [logStart, logEnd, sizeBytes > 0]
    })
  }
  const remove = (...args: string[]): Promise<Typed> =>
    here(broker.bootstrap, ['topic', 'records', 'delete', ...args])

  test('what lies before an offset goes, and the size with it', async () => {
    await filled('cut', 2)
    assert.deepEqual(await shown('cut'), [
      [0, 5, true],
      [0, 5, true],
    ])
    const dry = await remove('cut', '--before', '3', '-p', '1', '--dry-run')
    assert.equal(dry.out, 'TOPIC\tPARTITION\tDELETED\tSTART\ncut\t1\t3\t3\n')
    const one = await karst('topic', 'records', 'delete', 'cut', '--before', '3', '-p', '1')
    assert.deepEqual(one, { code: 0, out: dry.out, err: '' })
    const rest = await remove('cut', '--before', 'end', '--json')
    assert.deepEqual(json(rest), [
      { partition: 0, deleted: 5, logStart: 5, error: null },
      { partition: 1, deleted: 2, logStart: 5, error: null },
    ])
    assert.deepEqual(await shown('cut'), [
      [5, 5, false],
      [5, 5, false],
    ])
  })

  test('an offset behind the end is refused there, and done elsewhere', async () => {
    await filled('behind', 2)
    await here(broker.bootstrap, ['produce', 'behind', '-p', '1', '-v', 'more'])
    const { code, out, err } = await remove('behind', '--before', '6')
    assert.equal(code, 1)
    assert.match(out, /behind\t0\t-\t-\nbehind\t1\t6\t6\n/)
    assert.match(err, /records of behind:0: .*OFFSET_OUT_OF_RANGE/)
  })

  test('what is mistyped is not tried', async () => {
    for (const args of [[], ['a'], ['a', '--before', 'soon'], ['a', 'b', '--before', 'end']]) {
      assert.equal((await remove(...args)).code, 2, args.join(' '))
    }
    assert.match((await remove('none', '--before', 'end')).err, /there is no topic none/)
    assert.match((await remove('behind', '--before', 'end', '-p', '9')).err, /no partition 9/)
  })
})
