/** What may differ between brokers goes, and nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batch } from './batches.ts'
import { identityOf, Normalizer } from './normalize.ts'

const tag = 'c0ffee-'

test('addresses, words, times and names of this run go', () => {
  const plain = new Normalizer(tag).plain({
    host: '10.0.0.1',
    port: 9092,
    errorMessage: 'no such topic c0ffee-t',
    name: 'c0ffee-t',
    logAppendTimeMs: 1_700_000_000_000,
    errorCode: 3,
    offset: 7,
    partitionSize: 900,
  })
  assert.deepEqual(plain, {
    host: '<address>',
    port: '<address>',
    errorMessage: '<words>',
    name: 't',
    logAppendTimeMs: '<time>',
    errorCode: 'UNKNOWN_TOPIC_OR_PARTITION(3)',
    offset: 7,
    partitionSize: '<size>',
  })
})

test('that there are no words, no time and no id is kept', () => {
  const none = {
    errorMessage: null,
    batchIndexErrorMessage: '',
    logAppendTimeMs: -1,
    producerId: -1,
  }
  assert.deepEqual(new Normalizer(tag).plain(none), none)
})

test('ids that a broker makes up are numbered, the same one by the same number', () => {
  const normalizer = new Normalizer(tag)
  normalizer.learn('abcdefghijklmnopqrstuv', 'id of t')
  const value = { leader: 'm-1', topicId: 'abcdefghijklmnopqrstuv', members: ['m-2', 'm-1'] }
  const members = value.members.map((memberId) => ({ memberId }))
  assert.deepEqual(normalizer.plain({ ...value, members }), {
    leader: '<member 1>',
    topicId: '<id of t>',
    members: [{ memberId: '<member 1>' }, { memberId: '<member 2>' }],
  })
})

test('structs are put in order, values are left in theirs', () => {
  const topics = [{ name: 'b' }, { name: 'a', partitions: [{ index: 10 }, { index: 9 }] }]
  assert.deepEqual(new Normalizer(tag).plain({ topics, nodes: [2, 1] }), {
    topics: [{ name: 'a', partitions: [{ index: 9 }, { index: 10 }] }, { name: 'b' }],
    nodes: [2, 1],
  })
})

test('batches are told by their headers', () => {
  const records = Buffer.concat([batch(['a', 'b'], { baseOffset: 4 }), Buffer.alloc(5)])
  const plain = new Normalizer(tag).plain({ records }) as { records: unknown[] }
  assert.equal(plain.records.length, 2)
  assert.equal((plain.records[0] as { baseOffset: number }).baseOffset, 4)
  assert.equal((plain.records[0] as { recordCount: number }).recordCount, 2)
  assert.equal(plain.records[1], '5 bytes of a batch')
})

test('an item is known by its name before its id', () => {
  assert.equal(identityOf({ topicId: '<topic id 1>', name: 'a' }), 'a')
  assert.equal(identityOf({ topicId: '<id of a>', name: '' }), 'a')
  assert.equal(identityOf({ errorCode: 'NONE(0)', partitionIndex: 3 }), '3')
  assert.equal(identityOf('a'), '')
})
