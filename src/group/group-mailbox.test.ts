import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupWorld, joinDefaults } from '../../test/group/group-world.ts'
import { silentLog } from '../base/log.ts'
import { GroupMailbox } from './group-mailbox.ts'
import { GroupMemory } from './group-memory.ts'
import { GroupStore } from './group-store.ts'

test('a group may be forgotten while nobody has used the ids that it gave', async () => {
  const world = new GroupWorld()
  const { clock, config, around } = world
  const store = new GroupStore(world.database)
  const owned = await store.takeOver('g', true, clock.nowMs())
  assert.ok(owned !== undefined)
  const memory = new GroupMemory(config.memoryBytesMax)
  const mailbox = new GroupMailbox(owned, {
    ...{ store, clock, memory, around, log: silentLog },
    config: () => config,
    onEnd: () => undefined,
  })
  assert.ok(mailbox.isIdle)
  const request = { ...joinDefaults, requireKnownMemberId: true }
  const freshMemberId = 'fresh'
  const told = await mailbox.submit<'join'>({ kind: 'join', request, freshMemberId })
  assert.equal(told.outcome, 'member-id-required')
  assert.ok(mailbox.isIdle)
  assert.equal(memory.usedBytes, freshMemberId.length)
  const again = { ...request, memberId: freshMemberId }
  const joined = world.soon(mailbox.submit<'join'>({ kind: 'join', request: again, freshMemberId }))
  assert.ok(!mailbox.isIdle)
  assert.equal((await joined).outcome, 'joined')
  assert.ok(!mailbox.isIdle)
  mailbox.close()
  assert.equal(memory.usedBytes, 0, 'what has ended takes nothing')
})
