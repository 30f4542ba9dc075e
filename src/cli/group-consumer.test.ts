/** `karst group` on groups of the consumer protocol (KIP-848), and of both at once. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Consumer } from '@platformatic/kafka'
import { BrokerProcess } from '../../test/support/broker-process.ts'
import { here, type Typed } from '../../test/support/karst-command.ts'
import { until } from '../../test/support/until.ts'

let broker: { readonly bootstrap: string; readonly close: () => Promise<void> }
before(async () => {
  broker = await BrokerProcess.start()
})
after(() => broker.close())
const quick = (...args: string[]): Promise<Typed> => here(broker.bootstrap, args)
const json = <Value>({ out, err }: Typed): Value => {
  assert.notEqual(out, '', err)
  return JSON.parse(out) as Value
}

interface Described {
  readonly type: string
  readonly epoch: number
  readonly state: string
  readonly protocol: string
  readonly members: readonly {
    readonly epoch: number
    readonly partitions: readonly object[]
    readonly target: readonly object[]
  }[]
}

test('a group of the consumer protocol is told with its epochs and assignments', async () => {
  await quick('topic', 'create', 'modern', '-p', '2')
  const consumer = new Consumer({
    bootstrapBrokers: [broker.bootstrap],
    clientId: 'reader',
    groupId: 'modern-readers',
    groupProtocol: 'consumer',
  })
  const stream = await consumer.consume({ topics: ['modern'], mode: 'earliest' })
  stream.on('data', () => undefined)
  const described = async (): Promise<Described> => {
    const [only] = json<Described[]>(await quick('group', 'describe', 'modern-readers', '--json'))
    assert.ok(only)
    return only
  }
  await until(
    async () => (await described()).members[0]?.partitions.length === 2,
    20_000,
    () => 'no partitions are assigned',
  )
  const group = await described()
  assert.partialDeepStrictEqual(group, { type: 'consumer', state: 'Stable', protocol: 'uniform' })
  assert.ok(group.epoch > 0)
  const [member] = group.members
  assert.deepEqual([member?.epoch, member?.target.length], [group.epoch, 2])
  const { out } = await quick('group', 'describe', 'modern-readers')
  assert.match(out, /CLIENT\tEPOCH\tMOVES-TO\n/)
  assert.match(out, new RegExp(`modern\\t0\\t.*\\treader\\t${group.epoch}\\t-\\n`))
  const listed = json<{ groupId: string }[]>(await quick('group', 'list', '--json'))
  const [own] = listed.filter(({ groupId }) => groupId === 'modern-readers')
  assert.partialDeepStrictEqual(own, { type: 'consumer', state: 'Stable' })
  await stream.close()
  await consumer.close()
})
