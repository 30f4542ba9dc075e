import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { silentLog } from '../base/log.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { Membership } from '../fleet/membership.ts'
import { SlotLoad } from '../fleet/slot-load.ts'
import type { KnownTopic } from '../log/topic-directory.ts'
import { reportPlacement } from './placement-report.ts'

test('the report says who has what, since when and why', async () => {
  const clock = new VirtualClock()
  const database = openMemoryDatabase({ clock })
  const load = new SlotLoad(() => [])
  const members: Membership[] = []
  for (const nodeId of [1, 2]) {
    const identity = { nodeId, name: `b${nodeId}`, incarnation: nodeId, rack: 'a' }
    const member = new Membership({ database, clock, log: silentLog, identity, load })
    await member.begin({ host: 'h', port: nodeId })
    members.push(member)
  }
  for (const member of members) await member.beat()
  const [first] = members
  assert.ok(first !== undefined)
  const topic = { partitionIds: [0, 1, 2, 3] } as unknown as KnownTopic
  const report = await reportPlacement(database, first, topic)
  assert.equal(report.version, 2)
  assert.deepEqual(
    report.history.map(({ reason, moved }) => [reason, moved > 0]),
    [
      ['broker 2 has come', true],
      ['the first broker', true],
    ],
  )
  const slots = report.brokers.map((each) => each.slots)
  assert.deepEqual(slots, [128, 128])
  for (const { partition, nodeId, sinceVersion, why, zone } of report.partitions) {
    assert.equal(nodeId, first.leaderOf(partition, zone))
    assert.equal(sinceVersion, nodeId === 2 ? 2 : 1)
    assert.equal(why, nodeId === 2 ? 'to share the load' : 'first placement')
  }
})
