/** `karst consume --group` and `karst group` against a real broker, as a person types them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { BrokerProcess } from '../../test/support/broker-process.ts'
import { begin, here, typed, type Typed } from '../../test/support/karst-command.ts'
import { until } from '../../test/support/until.ts'

let broker: BrokerProcess
before(async () => {
  const flags = ['--group-initial-rebalance-delay-ms', '0']
  broker = await BrokerProcess.start({ flags })
})
after(() => broker.close())
const karst = (...args: string[]): Promise<Typed> => typed(broker.bootstrap, args)
const feed = (input: string, ...args: string[]): Promise<Typed> =>
  typed(broker.bootstrap, args, input)
/** In this process: for what a test stands on, not for what it shows. */
const quick = (...args: string[]): Promise<Typed> => here(broker.bootstrap, args)
const json = <Value>({ out, err }: Typed): Value => {
  assert.notEqual(out, '', err)
  return JSON.parse(out) as Value
}

interface Described {
  state: string
  members: { memberId: string; partitions: { topic: string; partition: number }[] }[]
  partitions: { topic: string; partition: number; committed: number; end: number; lag: number }[]
}
const described = async (group: string): Promise<Described> => {
  const [only] = json<Described[]>(await quick('group', 'describe', group, '--json'))
  assert.ok(only)
  return only
}

async function topicWith(name: string, partitions: number, records: number): Promise<void> {
  await quick('topic', 'create', name, '-p', String(partitions))
  for (let partition = 0; partition < partitions; partition++) {
    const values = Array.from({ length: records }, (_, at) => ['-v', `${partition}-${at}`])
    await quick('produce', name, '-p', String(partition), ...values.flat())
  }
}

test('a group goes on where it stopped; list and describe tell how far it is', async () => {
  await topicWith('read', 2, 3)
  const consume = (...flags: string[]): Promise<Typed> =>
    karst('consume', 'read', '--group', 'readers', '--values', ...flags)
  assert.equal((await consume('--until-end')).out.split('\n').length - 1, 6)
  assert.deepEqual(await consume('--until-end'), { code: 0, out: '', err: '' })
  await feed('more\nand more', 'produce', 'read', '-p', '1')
  const before = await described('readers')
  assert.equal(before.state, 'Empty')
  assert.deepEqual(before.partitions, [
    { topic: 'read', partition: 0, committed: 3, end: 3, lag: 0, memberId: null },
    { topic: 'read', partition: 1, committed: 3, end: 5, lag: 2, memberId: null },
  ])
  // What was printed is committed, what was not is not.
  assert.equal((await consume('--max', '1')).out, 'more\n')
  assert.equal((await consume('--until-end')).out, 'and more\n')
  const groups = json<{ groupId: string }[]>(await karst('group', 'list', '--json'))
  assert.partialDeepStrictEqual(
    groups.find(({ groupId }) => groupId === 'readers'),
    { state: 'Empty', type: 'classic', protocolType: 'consumer' },
  )
  assert.match((await karst('group', 'list')).out, /^GROUP\tSTATE\tTYPE\tPROTOCOL\n/)
  assert.match((await karst('group', 'describe', 'readers')).out, /read\t1\t5\t5\t0\t-\t-\t-\n/)
})

test('members share partitions, and one that leaves hands over its own', async () => {
  await topicWith('shared', 4, 1)
  const member = (): ReturnType<typeof begin> =>
    begin(broker.bootstrap, ['consume', 'shared', '-g', 'sharing', '--values'])
  const first = member()
  await first.until(() => first.lines.length === 4, 20_000)
  const second = member()
  const sizes = async (): Promise<number[]> =>
    (await described('sharing')).members
      .map(({ partitions }) => partitions.length)
      .toSorted((a, b) => a - b)
  await until(
    async () => (await sizes()).join() === '2,2',
    20_000,
    () => 'partitions are not shared two and two',
  )
  first.signal('SIGINT')
  assert.equal((await first.exited).code, 0)
  await until(
    async () => (await sizes()).join() === '4',
    20_000,
    () => 'the second member does not take over',
  )
  for (const partition of ['0', '1', '2', '3']) {
    await quick('produce', 'shared', '-p', partition, '-v', `late-${partition}`)
  }
  await second.until(() => second.lines.length >= 4, 20_000)
  assert.deepEqual(second.lines.toSorted(), ['late-0', 'late-1', 'late-2', 'late-3'])
  const reset = await karst('group', 'reset', 'sharing', '--to', 'end', '--all-topics')
  assert.equal(reset.code, 1)
  assert.match(reset.err, /group sharing has 1 members \(Stable\): stop its members, then reset/)
  second.signal('SIGTERM')
  assert.equal((await second.exited).code, 0)
})

test('reset moves offsets of an empty group, or shows what it would do', async () => {
  await topicWith('again', 2, 5)
  const reset = (...args: string[]): Promise<Typed> => karst('group', 'reset', 'resetting', ...args)
  assert.equal((await karst('consume', 'again', '-g', 'resetting', '-e')).code, 0)
  const dry = await reset('--to', 'beginning', '--topic', 'again', '--dry-run', '--json')
  assert.deepEqual(
    json(dry),
    [0, 1].map((partition) => ({ topic: 'again', partition, before: 5, after: 0, lag: 5 })),
  )
  const committed = async (): Promise<number[]> =>
    (await described('resetting')).partitions.map((each) => each.committed)
  assert.deepEqual(await committed(), [5, 5])
  const cases: [args: string[], expected: number[]][] = [
    [
      ['--to', '2', '--topic', 'again:1'],
      [5, 2],
    ],
    [
      ['--to', '-1', '--topic', 'again:0,1'],
      [4, 4],
    ],
    [
      ['--to', 'earliest', '--topic', 'again'],
      [0, 0],
    ],
    [
      ['--to', '99', '--all-topics'],
      [5, 5],
    ],
    [
      ['--to', '2000-01-01', '--all-topics'],
      [0, 0],
    ],
    [
      ['--to', 'latest', '--all-topics'],
      [5, 5],
    ],
  ]
  for (const [args, expected] of cases) {
    const { code, err } = await reset(...args)
    assert.equal(code, 0, err)
    assert.deepEqual(await committed(), expected, args.join(' '))
  }
})

test('groups and topics that are not there, and what is mistyped', async () => {
  await topicWith('there', 1, 1)
  for (const args of [
    ['describe', 'nobody'],
    ['reset', 'nobody', '--to', 'end', '--topic', 'there'],
    ['reset', 'nobody', '--to', 'end', '--topic', 'nowhere', '--create'],
  ]) {
    const { code, out, err } = await karst('group', ...args)
    assert.deepEqual({ code, out }, { code: 1, out: '' }, args.join(' '))
    assert.match(err, /there is no (group|topic)/)
  }
  for (const args of [
    ['describe'],
    ['list', 'x'],
    ['reset', 'g', '--topic', 'there'],
    ['reset', 'g', '--to', 'end'],
    ['reset', 'g', '--to', 'soon', '--topic', 'there'],
    ['reset', 'g', '--to', 'end', '--topic', 'there', '--all-topics'],
    ['reset', 'g', '--to', 'end', '--topic', 'there:x'],
    ['remove', 'g'],
  ]) {
    const { code, out } = await quick('group', ...args)
    assert.deepEqual({ code, out }, { code: 2, out: '' }, args.join(' '))
  }
  const made = await karst('group', 'reset', 'made', '--to', 'end', '--topic', 'there', '--create')
  assert.equal(made.code, 0, made.err)
  assert.deepEqual((await described('made')).partitions[0]?.committed, 1)
})
