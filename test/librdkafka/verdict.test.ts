import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verdictsOf } from './verdict.ts'

const report = JSON.stringify({
  tests: {
    '0045_one': { state: 'PASSED', duration: 1.5 },
    '0045_two': { state: 'FAILED', duration: 2 },
    '0045_three': { state: 'SKIPPED', duration: 0 },
    '0045_four': { state: 'RUNNING', duration: 60 },
  },
})

const log = `\u001B[36m[0045_three  /  0.000s] WARN: SKIPPING TEST: Test requires SSL
\u001B[0m### Test "0045_two (do_it:78: handle queue)" failed at a.c:236:do_it() at Fri: ###
Expected NO_ERROR for rdkafkatest_rnd5abec2cd73e8c79d_topic, not 40
### Test "0045_two (do_it:78: handle queue)" failed at a.c:236:do_it() at Fri: ###
Expected NO_ERROR for rdkafkatest_rnd11eb78463d3026_topic, not 40
### Test "<MAIN>" failed at test.c:1950:test_wait_exit() at Fri Nov 20 14:46:34 2026: ###
3 thread(s) still active in librdkafka
`

const names = ['0045_one', '0045_two', '0045_three']

test('each state comes with what the runner said of it', () => {
  const verdicts = verdictsOf(names, { report, log, timedOut: false })
  assert.deepEqual(verdicts, [
    { test: '0045_one', state: 'passed', detail: '', seconds: 1.5 },
    {
      test: '0045_two',
      state: 'failed',
      detail: 'do_it: Expected NO_ERROR for topic, not 40',
      seconds: 2,
    },
    { test: '0045_three', state: 'skipped', detail: 'Test requires SSL', seconds: 0 },
  ])
})

test('what was still running hung when its time was up, and crashed otherwise', () => {
  const states = [true, false].map((timedOut) => {
    const [verdict] = verdictsOf(['0045_four'], { report, log, timedOut })
    return verdict?.state
  })
  assert.deepEqual(states, ['hung', 'crashed'])
})

test('without a report nothing passed', () => {
  for (const broken of ['', '{"tests": {"0045_one": {"state": "PASS']) {
    const verdicts = verdictsOf(names, { report: broken, log: 'last words\n', timedOut: true })
    assert.deepEqual(
      verdicts.map(({ state }) => state),
      ['hung', 'hung', 'hung'],
    )
    assert.equal(verdicts[0]?.detail, 'last words')
  }
})
