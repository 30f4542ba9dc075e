/** Jobs: never twice at once, again after a failure, over when they are told to end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AssertionFailed } from '../base/assert.ts'
import { Failure, isFailure } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { type Job, JobRunner } from './job-runner.ts'

function newRunner(): { runner: JobRunner; clock: VirtualClock; broken: string[] } {
  const clock = new VirtualClock()
  const broken: string[] = []
  const runner = new JobRunner({
    clock,
    random: seededRandom(1),
    log: silentLog,
    broken: (name) => broken.push(name),
  })
  return { runner, clock, broken }
}

const job = (run: Job['run'], intervalMs = 1_000): Job => ({ name: 'job', intervalMs, run })

test('a job runs at its interval, within a tenth', async () => {
  const { runner, clock } = newRunner()
  let runs = 0
  runner.start(job(async () => void runs++))
  await clock.advance(899)
  assert.equal(runs, 0)
  await clock.advance(99_000)
  assert.ok(runs >= 90 && runs <= 110, `${runs} runs`)
  await runner.close()
  await clock.advance(10_000)
  assert.ok(runs <= 110, 'and not after the end')
})

test('a failure is told, and tried again later each time', async () => {
  const { runner, clock, broken } = newRunner()
  const times: number[] = []
  runner.start(
    job(async () => {
      times.push(clock.monotonicMs())
      if (times.length < 5) throw new Failure('unavailable', 'not now')
    }, 10_000),
  )
  await clock.advance(11_000)
  assert.equal(runner.status()[0]?.lastError, 'not now')
  await clock.advance(30_000)
  const gaps = times.slice(1, 5).map((time, index) => time - (times[index] ?? 0))
  for (const [index, gap] of gaps.entries()) {
    const expected = 1_000 * 2 ** index
    assert.ok(Math.abs(gap - expected) <= expected / 10 + 1, `${gap} ms, about ${expected}`)
  }
  const [status] = runner.status()
  assert.equal(status?.failures, 4)
  assert.equal(status?.lastError, undefined)
  assert.deepEqual(broken, [])
  await runner.close()
})

test('a wrong program is told apart from a failing world', async () => {
  const { runner, clock, broken } = newRunner()
  runner.start(job(() => Promise.reject(new AssertionFailed('does not hold'))))
  await clock.advance(1_200)
  assert.deepEqual(broken, ['job'])
  await runner.close()
})

test('a job asked for waits for the run that is under way', async () => {
  const { runner, clock } = newRunner()
  let running = 0
  let runs = 0
  runner.start(
    job(async () => {
      assert.equal(running++, 0, 'never twice at once')
      await new Promise<void>((resolve) => clock.after(500, resolve))
      running--
      runs++
    }),
  )
  await clock.advance(1_101)
  const asked = [runner.runNow('job'), runner.runNow('job')]
  await clock.advance(3_000)
  await Promise.all(asked)
  assert.ok(runs >= 3, `${runs}`)
  const closing = runner.close()
  await clock.advance(1_000)
  await closing
  assert.equal(running, 0)
  await assert.rejects(runner.runNow('job'), (error) => isFailure(error, 'closed'))
  await assert.rejects(runner.runNow('none'), (error) => isFailure(error, 'not-found'))
})

test('the end aborts what runs, and waits for it', async () => {
  const { runner, clock } = newRunner()
  let ended = false
  runner.start(
    job(async (signal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      ended = true
    }),
  )
  await clock.advance(1_200)
  runner.end()
  await clock.advance(0)
  assert.ok(ended, 'asked before it is waited for')
  await runner.close()
})
