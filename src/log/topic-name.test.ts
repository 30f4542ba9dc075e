/** Names of topics, as Kafka's clients check them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metricName, topicNameFault } from './topic-name.ts'

test('what may be a name', () => {
  for (const name of ['a', 'A.b_c-9', '...', '_', 'x'.repeat(249)]) {
    assert.equal(topicNameFault(name), undefined, name)
  }
  for (const name of ['', '.', '..', 'x'.repeat(250), 'a b', 'ä', 'a/b', 'a\n', 'a:b']) {
    assert.notEqual(topicNameFault(name), undefined, name)
  }
})

test('names that differ in . and _ alone collide', () => {
  assert.equal(metricName('a.b'), metricName('a_b'))
  assert.notEqual(metricName('a.b'), metricName('a-b'))
})
