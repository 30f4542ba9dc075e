import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupWorld, joinDefaults, outcomeOf } from '../../test/group/group-world.ts'

const protocols = (bytes: number) => [{ name: 'range', metadata: new Uint8Array(bytes) }]

test('groups take up to their memory, a part of which is for small requests', async () => {
  const world = new GroupWorld({ config: { memoryBytesMax: 1_000_000 } })
  const join = async (groupId: string, bytes: number, memberId = ''): Promise<string> => {
    const own = { groupId, memberId, protocols: protocols(bytes), sessionTimeoutMs: 60_000 }
    const request = { ...joinDefaults, ...own }
    return outcomeOf(await world.soon(world.coordinator.join(request)))
  }
  assert.equal(await join('a', 400_000), 'joined')
  assert.equal(await join('b', 400_000), 'unavailable', 'beyond three quarters')
  assert.equal(await join('b', 60_000), 'joined')
  for (let at = 0; at < 8; at++) assert.equal(await join(`c${at}`, 64_000), 'joined')
  assert.equal(await join('d', 64_000), 'unavailable', 'beyond the whole')
  assert.equal(await join('d', 1_000), 'joined')
  // Nobody beats: all sessions end, and the groups are empty.
  await world.clock.advance(120_000)
  assert.equal(await join('b', 400_000), 'joined')
})

test('a member that was refused is not in the group', async () => {
  const world = new GroupWorld({ config: { memoryBytesMax: 100_000 } })
  const request = { ...joinDefaults, protocols: protocols(90_000) }
  assert.equal(outcomeOf(await world.soon(world.coordinator.join(request))), 'unavailable')
  const [described] = await world.coordinator.describe([request.groupId])
  assert.ok(described?.outcome === 'described')
  assert.deepEqual([described.state, described.members.length], ['empty', 0])
})
