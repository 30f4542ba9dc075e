import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from '../base/errors.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { BucketHealth } from './bucket-health.ts'

function setup(isDoubted?: () => boolean) {
  const clock = new VirtualClock()
  const bucket = { isThere: true, hangs: false, tries: 0 }
  const health = new BucketHealth(clock, async (): Promise<void> => {
    bucket.tries++
    if (bucket.hangs) return new Promise<void>(() => undefined)
    if (!bucket.isThere) throw new Failure('unavailable', 'nobody answers')
  })
  const stop = new AbortController()
  const running = health.run(stop.signal, isDoubted)
  const end = async (): Promise<void> => {
    stop.abort()
    await running
    assert.equal(clock.pending, 0)
  }
  return { clock, bucket, health, end }
}

test('writes that do not end tell before they fail', async () => {
  const { clock, health, end } = setup()
  health.began()
  await clock.advance(4_900)
  assert.equal(health.told(), undefined)
  await clock.advance(1_100)
  assert.equal(health.told(), 'the bucket takes nothing since 1 s: no write has ended for 5 s')
  health.written()
  assert.equal(health.told(), undefined)
  await end()
})

test('a slow write is no trouble while others end', async () => {
  const { clock, health, end } = setup()
  health.began()
  for (let turn = 0; turn < 10; turn++) {
    await clock.advance(2_000)
    health.began()
    health.written()
  }
  assert.equal(health.told(), undefined)
  await end()
})

test('where nobody writes any more it is tried until it works', async () => {
  const { clock, bucket, health, end } = setup()
  bucket.isThere = false
  health.began()
  health.failed(new Failure('unavailable', 'connection reset'))
  await clock.advance(90_000)
  assert.match(health.told() ?? '', /^the bucket takes nothing since \d+ s: nobody answers$/)
  bucket.isThere = true
  await clock.advance(12_000)
  assert.equal(health.told(), undefined)
  const { tries } = bucket
  await clock.advance(90_000)
  assert.equal(bucket.tries, tries, 'nothing is tried where all is well')
  await end()
})

test('while writes fail or hang it says nothing that a small one works', async () => {
  const { clock, bucket, health, end } = setup()
  for (let turn = 0; turn < 20; turn++) {
    health.began()
    await clock.advance(500)
    health.failed(new Failure('unavailable', 'quota exceeded'))
    assert.match(health.told() ?? '', /quota exceeded/)
  }
  assert.ok(bucket.tries > 5)
  health.began()
  await clock.advance(60_000)
  assert.match(health.told() ?? '', /no write has ended for 5 s$/)
  const { writes } = health
  health.written()
  assert.equal(health.told(), undefined)
  assert.equal(health.writes, writes + 1)
  await end()
})

test('a try that hangs has failed, and the next one comes', async () => {
  const { clock, bucket, health, end } = setup()
  bucket.hangs = true
  health.began()
  health.failed(new Failure('unavailable', 'connection reset'))
  await clock.advance(30_000)
  assert.ok(bucket.tries > 5)
  assert.match(health.told() ?? '', /no small write has ended within 1.5 s$/)
  await end()
})

test('while others can write nothing it is tried, which may prove that it works here', async () => {
  let isDoubted = false
  const { clock, bucket, health, end } = setup(() => isDoubted)
  await clock.advance(90_000)
  assert.equal(bucket.tries, 0)
  isDoubted = true
  await clock.advance(10_000)
  assert.ok(health.writes > 5)
  const { writes } = health
  bucket.isThere = false
  await clock.advance(10_000)
  assert.equal(health.writes, writes)
  assert.equal(health.told(), undefined, 'a try is too short to tell')
  const { tries } = bucket
  await clock.advance(600_000)
  assert.ok(bucket.tries < tries + 120, `${bucket.tries} tries`)
  await end()
})
