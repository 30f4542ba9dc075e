import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConsumerGroupRow } from '../catalog/schema.ts'
import type { GroupState } from './group-state.ts'
import { fromRow, toRow } from './stored-group.ts'

function classicFrom(row: ConsumerGroupRow): GroupState {
  const state = fromRow(row)
  assert.ok(state.type === 'classic')
  return state
}

/** As version 1 wrote it: rows like this are in catalogs. */
const golden: ConsumerGroupRow = {
  groupId: 'g',
  coordinatorEpoch: 5,
  protocolType: 'consumer',
  generation: 3,
  body:
    '{"version":1,"state":"stable","protocolName":"range","leaderId":"c-1","members":[' +
    '{"memberId":"c-1","instanceId":null,"clientId":"c","clientHost":"/1.2.3.4",' +
    '"sessionTimeoutMs":10000,"rebalanceTimeoutMs":60000,"protocols":[["range","AAH/"]],' +
    '"assignment":"Kg=="},' +
    '{"memberId":"i-2","instanceId":"i","clientId":"c","clientHost":"/1.2.3.5",' +
    '"sessionTimeoutMs":10000,"rebalanceTimeoutMs":60000,"protocols":[],"assignment":""}]}',
  changedMs: 1_700_000_000_000,
}

test('what version 1 wrote is read and written the same', () => {
  const state = classicFrom(golden)
  assert.equal(state.name, 'stable')
  assert.deepEqual(state.members.get('c-1')?.protocols[0]?.metadata, Uint8Array.of(0, 1, 255))
  assert.deepEqual(state.members.get('c-1')?.assignment, Uint8Array.of(42))
  assert.deepEqual([...state.staticIds], [['i', 'i-2']])
  assert.deepEqual(toRow(state, 5), golden)
})

test('members without a generation are not written, nor is who leads them', () => {
  const state = classicFrom(golden)
  const [leader, other] = [...state.members.values()]
  const members = new Map([
    ['c-1', { ...leader!, isNew: true, joinTicket: 1 }],
    ['i-2', other!],
  ])
  const again = classicFrom(toRow({ ...state, members, waitingJoins: 1 }, 5))
  assert.deepEqual([...again.members.keys()], ['i-2'])
  assert.equal(again.leaderId, null)
  assert.equal(again.waitingJoins, 0)
})

for (const body of ['', '{', 'null', '[]', '{"version":2}', '{"version":1,"state":"lost"}']) {
  test(`a body that is not ours is corrupt: ${JSON.stringify(body)}`, () => {
    assert.throws(() => fromRow({ ...golden, body }), { kind: 'corrupt', message: /group g/ })
  })
}
