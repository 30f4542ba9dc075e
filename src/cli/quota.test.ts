/** `karst quota` against a real broker, as a person types it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { BrokerProcess } from '../../test/support/broker-process.ts'
import { here, typed, type Typed } from '../../test/support/karst-command.ts'

let broker: BrokerProcess
before(async () => {
  broker = await BrokerProcess.start()
})
after(() => broker.close())
/** In this process; `karst` once in one of its own. */
const quick = (...args: string[]): Promise<Typed> => here(broker.bootstrap, ['quota', ...args])
const karst = (...args: string[]): Promise<Typed> => typed(broker.bootstrap, ['quota', ...args])
const json = ({ out, err }: Typed): unknown => {
  assert.notEqual(out, '', err)
  return JSON.parse(out)
}

test('what is set is listed, by parts, and deleted', async () => {
  const loader = ['--client-id', 'loader']
  const set = await karst('set', 'producer_byte_rate=10MiB', 'request_percentage=12.5', ...loader)
  const out = 'set producer_byte_rate, request_percentage of client-id loader\n'
  assert.deepEqual(set, { code: 0, out, err: '' })
  await quick('set', 'consumer_byte_rate=1024', ...loader, '--default-user')
  await quick('set', 'connection_creation_rate=5', '--default-ip')
  const listed = (await quick('list')).out.split('\n')
  assert.deepEqual(listed.slice(0, 3), [
    'USER\tCLIENT-ID\tIP\tQUOTA\tVALUE',
    '-\tloader\t-\tproducer_byte_rate\t10485760',
    '-\tloader\t-\trequest_percentage\t12.5',
  ])
  assert.ok(listed.includes('<default>\tloader\t-\tconsumer_byte_rate\t1024'))
  assert.ok(listed.includes('-\t-\t<default>\tconnection_creation_rate\t5'))
  assert.deepEqual(json(await quick('list', '--default-user', '--json')), [
    { entity: { user: null, 'client-id': 'loader' }, quotas: { consumer_byte_rate: 1024 } },
  ])
  const all = json(await quick('list', ...loader, '--json')) as object[]
  assert.equal(all.length, 2)

  const one = await quick('delete', 'request_percentage', ...loader)
  assert.equal(one.out, 'deleted request_percentage of client-id loader\n')
  const both = await quick('delete', ...loader, '--default-user', '--json')
  const entity = { user: null, 'client-id': 'loader' }
  assert.deepEqual(json(both), { entity, deleted: ['consumer_byte_rate'], dryRun: false })
  const again = await quick('delete', ...loader, '--default-user')
  assert.deepEqual([again.code, again.out], [1, ''])
  assert.match(again.err, /there are no quotas of client-id loader of each user/)
  assert.equal((await quick('list', ...loader)).out.split('\n').length, 3)
})

test('a dry run changes nothing', async () => {
  const user = ['--user', 'dry']
  const set = await quick('set', 'controller_mutation_rate=3', ...user, '--dry-run')
  assert.equal(set.out, 'could set controller_mutation_rate of user dry\n')
  assert.deepEqual(json(await quick('list', ...user, '--json')), [])
  await quick('set', 'controller_mutation_rate=3', ...user)
  const gone = await quick('delete', ...user, '--dry-run')
  assert.equal(gone.out, 'would delete controller_mutation_rate of user dry\n')
  assert.equal((json(await quick('list', ...user, '--json')) as object[]).length, 1)
})

test('what is mistyped is not tried', async () => {
  for (const [args, wrong] of [
    [['set', '--user', 'u'], /NAME=VALUE/],
    [['set', 'producer_byte_rate=1'], /whose quotas: --user/],
    [['set', 'producer_byte_rate=1', '--user', 'u', '--ip', '1.2.3.4'], /not combined/],
    [['set', 'producer_byte_rate=1', '--user', 'u', '--default-user'], /exclude each other/],
    [['set', 'producer_byte_rate=lots', '--user', 'u'], /a number, such as 10MiB/],
    [['set', 'request_percentage=1KiB', '--user', 'u'], /must be a number/],
    [['set', 'producer_byte_rate=0', '--user', 'u'], /more than 0/],
    [['set', 'produce_rate=1', '--user', 'u'], /no quota of clients; there are producer_byte/],
    [['set', 'connection_creation_rate=1', '--ip', 'localhost'], /no IP address/],
    [['delete', 'no_such', '--user', 'u'], /no quota/],
    [['list', 'names'], /takes no names/],
  ] as const) {
    const { code, err } = await quick(...args)
    assert.equal(code, 2, args.join(' '))
    assert.match(err, wrong)
  }
})
