import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Failure } from '../base/errors.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './consumer-protocol.ts'

const require = createRequire(import.meta.url)
interface Coder {
  encode(value: object): Buffer
  decode(bytes: Uint8Array): object
}
const { MemberMetadata, MemberAssignment } = require('kafkajs').AssignerProtocol as {
  MemberMetadata: Coder
  MemberAssignment: Coder
}

test('what a member of kafkajs sends is read, and the other way', () => {
  const sent = MemberMetadata.encode({ version: 1, topics: ['a', 'b'], userData: Buffer.from('x') })
  const ours = { topics: ['a', 'b'], userData: Buffer.from('x') }
  // kafkajs says version 1 and leaves its fields out.
  const { topics, userData, ownedPartitions } = decodeSubscription(sent)
  assert.deepEqual({ topics, userData }, ours)
  assert.deepEqual(ownedPartitions, [])
  assert.deepEqual(MemberMetadata.decode(encodeSubscription(0, ours)), { version: 0, ...ours })
  const assigned = MemberAssignment.encode({ version: 1, assignment: { a: [0, 2] } })
  const { assignedPartitions } = decodeAssignment(assigned)
  assert.deepEqual(assignedPartitions, [{ topic: 'a', partitions: [0, 2] }])
  assert.deepEqual(encodeAssignment(1, { assignedPartitions, userData: Buffer.alloc(0) }), assigned)
})

test('each version carries its fields, and a later one is read as the highest known', () => {
  const value = {
    topics: ['a'],
    userData: null,
    ownedPartitions: [{ topic: 'a', partitions: [1] }],
    generationId: 7,
    rackId: 'r',
  }
  const bytes = encodeSubscription(3, value)
  assert.deepEqual(decodeSubscription(bytes), value)
  bytes[1] = 9
  assert.deepEqual(decodeSubscription(bytes), value)
  assert.deepEqual(decodeSubscription(encodeSubscription(1, value)), {
    ...value,
    generationId: -1,
    rackId: null,
  })
})

test('a member without an assignment is assigned nothing', () => {
  assert.deepEqual(decodeAssignment(Buffer.alloc(0)).assignedPartitions, [])
  assert.throws(() => decodeSubscription(Buffer.alloc(0)), Failure)
})
