import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../base/clock.ts'
import type { Log, LogFields } from '../base/log.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { DatabaseClock } from './database-clock.ts'

const minute = 60_000

function setup(aheadMs: number) {
  const time = new VirtualClock()
  const skew = { aheadMs }
  const machine: Clock = {
    nowMs: () => time.nowMs() + skew.aheadMs,
    monotonicMs: () => time.monotonicMs(),
    after: (delayMs, run) => time.after(delayMs, run),
  }
  const lines: string[] = []
  const note = (_: LogFields, message: string): void => void lines.push(message)
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log }
  const clock = new DatabaseClock(machine, log)
  /** An answer of `atMs` that was `wayMs` under way in each direction. */
  const hear = async (wayMs: number, atMs = () => time.nowMs()): Promise<void> => {
    await clock.asking(async () => {
      await time.advance(wayMs)
      const databaseMs = atMs()
      await time.advance(wayMs)
      return databaseMs
    })
  }
  return { time, clock, skew, lines, hear }
}

test('time is the machine’s until the database is heard, then the database’s', async () => {
  const { time, clock, hear } = setup(-10 * minute)
  assert.equal(clock.nowMs(), time.nowMs() - 10 * minute)
  await hear(3)
  assert.ok(Math.abs(clock.nowMs() - time.nowMs()) <= 1)
  assert.ok(Math.abs(clock.differenceMs() - 10 * minute) <= 1)
})

test('a machine whose clock is set while it runs moves nothing', async () => {
  const { time, clock, skew, hear } = setup(0)
  await hear(1)
  skew.aheadMs = 24 * 60 * minute
  await time.advance(1_000)
  assert.ok(Math.abs(clock.nowMs() - time.nowMs()) <= 1)
})

test('an answer that was long under way says little, and moves little', async () => {
  const { time, clock, hear } = setup(0)
  await hear(1)
  let isFirst = true
  // It waited two seconds before it was asked, and came back at once.
  await clock.asking(async () => {
    await time.advance(isFirst ? 2_000 : 0)
    isFirst = false
    return time.nowMs()
  })
  assert.ok(Math.abs(clock.nowMs() - time.nowMs()) <= 1)
})

test('time never goes back, and goes on where the database’s is caught up with', async () => {
  const { time, clock, hear } = setup(0)
  await hear(1)
  const before = clock.nowMs()
  await hear(1, () => time.nowMs() - 500) // as after a failover
  assert.equal(clock.nowMs(), Math.max(before, clock.nowMs()))
  await time.advance(1_000)
  assert.ok(Math.abs(clock.nowMs() - (time.nowMs() - 500)) <= 2)
})

test('a machine whose clock is wrong is told once, with seconds and what to do', async () => {
  const { clock, skew, lines, hear } = setup(10 * minute)
  await hear(1)
  await hear(1)
  assert.equal(
    clock.told(),
    "this machine's clock is 600 s ahead of the database's: set it, by NTP",
  )
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /600 s ahead of the database's: set it/)
  skew.aheadMs = -20_000
  await hear(1)
  assert.match(clock.told() ?? '', /20 s behind the database's/)
  skew.aheadMs = 40
  await hear(1)
  assert.equal(clock.told(), undefined)
  assert.deepEqual(lines.slice(1), ["this machine's clock and the database's agree again"])
})
