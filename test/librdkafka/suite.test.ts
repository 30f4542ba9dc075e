import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listTests, unitsOf } from './suite.ts'

const table = `
struct test tests[] = {
    /* Special MAIN test to hold over-all timings, etc. */
    {.name = "<MAIN>", .flags = TEST_F_LOCAL},
    _TEST(0000_unittests, TEST_F_LOCAL,
          /* heavy: _TEST(1234_not_a_test, 0) */
          _THRES(.ucpu = 100.0, .scpu = 20.0, .rss = 900.0)),
    _TEST(0001_multiobj, 0),
    _TEST(0028_long_topicnames, TEST_F_KNOWN_ISSUE, .extra = "https://example.org/529"),
    _TEST(0045_subscribe_update, 0, TEST_BRKVER(0, 9, 0, 0)),
    _TEST(0045_subscribe_update_topic_remove, 0, .scenario = "noautocreate"),
    _TEST(0045_resubscribe_with_regex, 0),
#if WITH_SOCKEM
    _TEST(0049_consume_conn_close, TEST_F_SOCKEM, TEST_BRKVER(0, 9, 0, 0)),
#endif
    _TEST(0055_producer_latency, TEST_F_KNOWN_ISSUE_WIN32),
    _TEST(0103_transactions, 0, .scenario = "default,ak23"),
    _TEST(0139_offset_validation_mock, 0),
    /* Manual tests */
    _TEST(8000_idle, TEST_F_MANUAL),
    {NULL}};
`

test('the table says which tests need a broker, and in which scenario', () => {
  const kinds = listTests(table).map(({ name, kind, scenario }) => `${name} ${kind} ${scenario}`)
  assert.deepEqual(kinds, [
    '0000_unittests local default',
    '0001_multiobj broker default',
    '0028_long_topicnames set aside default',
    '0045_subscribe_update broker default',
    '0045_subscribe_update_topic_remove broker noautocreate',
    '0045_resubscribe_with_regex broker default',
    '0049_consume_conn_close sockem default',
    '0055_producer_latency broker default',
    '0103_transactions broker default',
    '0139_offset_validation_mock local default',
    '8000_idle set aside default',
  ])
})

test('tests of one number and scenario run together, all others apart', () => {
  const units = unitsOf(listTests(table)).map(({ tests, scenario }) => [scenario, ...tests])
  assert.deepEqual(units, [
    ['default', '0001_multiobj'],
    ['default', '0045_subscribe_update', '0045_resubscribe_with_regex'],
    ['noautocreate', '0045_subscribe_update_topic_remove'],
    ['default', '0049_consume_conn_close'],
    ['default', '0055_producer_latency'],
    ['default', '0103_transactions'],
  ])
})

test('a source without the table is refused', () => {
  assert.throws(() => listTests('int main() {}'), /no table of tests/)
})
