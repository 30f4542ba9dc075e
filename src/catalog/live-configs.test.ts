import assert from 'node:assert/strict'
import { catalogTest } from '../../test/log/catalogs.ts'
import type { CatalogDatabase } from './database.ts'
import { LiveConfigs } from './live-configs.ts'

const startedWith = { source: 'static', values: { 'max.connections': '5', a: '0' } } as const

const open = async (database: CatalogDatabase): Promise<LiveConfigs> => {
  const configs = new LiveConfigs({ database, nodeId: 1, startedWith })
  await configs.load()
  return configs
}

catalogTest('what is set is kept, told, and there after a restart', async (database) => {
  const configs = await open(database)
  let told = 0
  configs.onBrokerChange(() => told++)
  const [all, one, other, group] = [
    { kind: 'broker', name: '' },
    { kind: 'broker', name: '1' },
    { kind: 'broker', name: '2' },
    { kind: 'group', name: 'g' },
  ] as const
  await configs.change(all, () => ({ a: '1', b: '1' }))
  await configs.change(one, () => ({ b: '2' }))
  await configs.change(other, () => ({ a: '3' }))
  await configs.change(group, () => ({ c: '4' }))
  await configs.change(one, (texts) => ({ ...texts, d: '5' }))
  assert.equal(told, 4, 'brokers only')
  for (const each of [configs, await open(database)]) {
    assert.deepEqual(each.layers(), [
      { source: 'dynamic-broker', values: { b: '2', d: '5' } },
      { source: 'dynamic-default', values: { a: '1', b: '1' } },
      startedWith,
    ])
    assert.deepEqual(each.own(group), { c: '4' })
    assert.deepEqual([each.names('broker'), each.names('group')], [['', '1', '2'], ['g']])
    assert.equal(each.integer('b', 9), 2)
    assert.equal(each.integer('max.connections', 9), 9, 'the start is the caller’s affair')
  }
  await configs.change(group, () => ({}))
  assert.deepEqual((await open(database)).names('group'), [])
})

catalogTest('a change that is refused changes nothing', async (database) => {
  const configs = await open(database)
  const resource = { kind: 'group', name: 'g' } as const
  const refused = configs.change(resource, () => {
    throw new Error('no')
  })
  await assert.rejects(refused, /no/)
  assert.deepEqual((await open(database)).names('group'), [])
})
