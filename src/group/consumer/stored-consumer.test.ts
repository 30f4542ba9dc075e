import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConsumerGroupRow } from '../../catalog/schema.ts'
import { fromRow, toRow } from '../stored-group.ts'

/** As version 1 wrote it: rows like this are in catalogs. */
const golden: ConsumerGroupRow = {
  groupId: 'g',
  coordinatorEpoch: 5,
  protocolType: 'consumer',
  generation: 9,
  body:
    '{"version":1,"type":"consumer","epoch":4,"assignmentEpoch":4,"assignor":"uniform",' +
    '"topicsSeen":"1 2","members":[{"memberId":"a","instanceId":null,"rackId":"r","clientId":"c",' +
    '"clientHost":"/1.2.3.4","rebalanceTimeoutMs":60000,"topicNames":["t"],"topicPattern":"t.*",' +
    '"assignor":"range","epoch":3,"previousEpoch":2,"state":"unrevoked","assigned":[["T",[0,1]]],' +
    '"revoking":[["T",[2]]],"gifts":[[2,[["T",[0]]]],[3,[["T",[1,2]]]]],' +
    '"target":[["T",[0,1]]],' +
    '"classic":null},{"memberId":"b","instanceId":"i",' +
    '"rackId":null,"clientId":"c","clientHost":"/1.2.3.5",' +
    '"rebalanceTimeoutMs":60000,"topicNames":[],"topicPattern":null,"assignor":null,"epoch":4,' +
    '"previousEpoch":4,"state":"unreleased","assigned":[],"revoking":[],"gifts":[],' +
    '"target":[["T",[2]]],"classic":{"sessionTimeoutMs":10000,"protocols":[["range","AAH/"]]}}]}',
  changedMs: 1_700_000_000_000,
}

test('what version 1 wrote of a consumer group is read and written the same', () => {
  const state = fromRow(golden)
  assert.ok(state.type === 'consumer')
  assert.equal(state.releases, 9)
  assert.deepEqual(state.members.get('a')?.revoking, new Map([['T', [2]]]))
  const gifts = [
    { epoch: 2, partitions: new Map([['T', [0]]]) },
    { epoch: 3, partitions: new Map([['T', [1, 2]]]) },
  ]
  assert.deepEqual(state.members.get('a')?.gifts, gifts)
  assert.deepEqual(state.target.get('b'), new Map([['T', [2]]]))
  const metadata = state.members.get('b')?.classic?.protocols[0]?.metadata
  assert.deepEqual(metadata, Uint8Array.of(0, 1, 255))
  const again = toRow(state, 5)
  assert.deepEqual(JSON.parse(again.body), JSON.parse(golden.body))
  assert.deepEqual({ ...again, body: '' }, { ...golden, body: '' })
})
