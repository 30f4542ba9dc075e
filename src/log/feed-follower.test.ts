/** Whoever follows hears of everything, in a lawful order, and again where a look failed half-way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from '../base/clock.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { Failure } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { noteChange } from '../catalog/change-log.ts'
import type { FleetDatabase } from '../catalog/fleet-database.ts'
import { commitRow } from '../catalog/contract-subject.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { commitLog } from '../catalog/schema.ts'
import { FeedFollower, type FeedListener } from './feed-follower.ts'

/** `lookMs`: how long the database's answer to a look is on its way. */
async function begin(lookMs = 0) {
  const clock = new VirtualClock()
  const database = openMemoryDatabase({ clock })
  const told: string[] = []
  const broken: { what?: string } = {}
  const fail = (what: string): void => {
    if (broken.what === what) throw new Failure('unavailable', what)
  }
  const listener: FeedListener = {
    groups(rows) {
      told.push(...rows.map(({ groupNumber }) => `group ${groupNumber}`))
      return broken.what !== 'gap'
    },
    async changed({ kind, names }) {
      fail(kind)
      told.push(`${kind} ${JSON.stringify(names)}`)
    },
    async looked() {
      told.push('looked')
    },
    async reset() {
      fail('reset')
      told.push('reset')
    },
  }
  const changes: FleetDatabase['changes'] = async (since, tables, limit) => {
    const found = await database.changes(since, tables, limit)
    if (lookMs > 0) await sleep(clock, lookMs)
    return found
  }
  const onAnnounced = database.onAnnounced.bind(database)
  const parts = {
    database: { changes, onAnnounced },
    clock,
    log: silentLog,
    pollMs: 25,
    idlePollMs: 200,
  }
  const follower = new FeedFollower(parts)
  const beginning = follower.begin()
  await clock.advance(lookMs)
  await beginning
  const stop = new AbortController()
  const running = follower.run(listener, stop.signal)
  const commit = (number: number): Promise<boolean[]> =>
    database.transaction('commit', (tx) => tx.insert(commitLog, [commitRow(1, number)]))
  const note = (name: string): Promise<void> =>
    database.transaction('note', (tx) => noteChange(tx, { kind: 'topic', names: [name] }))
  const end = async (): Promise<void> => {
    stop.abort()
    await clock.advance(0)
    await running
  }
  await clock.advance(0)
  return { clock, database, told, broken, follower, commit, note, end }
}

test('commits and changes are told, topics before what was written to them', async () => {
  const { clock, told, commit, note, end } = await begin()
  await commit(1)
  await note('A')
  await clock.advance(200)
  assert.deepEqual(told.splice(0), ['topic ["A"]', 'group 1', 'looked'])
  await clock.advance(1_000)
  assert.deepEqual(told, [], 'once each')
  await end()
})

test('an announcement is heeded at once, and catching up sees what came before it', async () => {
  const { clock, database, told, follower, commit, end } = await begin()
  await clock.advance(50)
  await commit(1)
  database.announce()
  await clock.advance(12)
  assert.ok(told.includes('group 1'))
  await commit(2)
  await follower.catchUp()
  assert.ok(told.includes('group 2'))
  await end()
})

test('what is announced while a look is under way is looked at soon', async () => {
  const { clock, database, told, commit, end } = await begin(20)
  await commit(1)
  database.announce()
  await clock.advance(19)
  assert.deepEqual(told, [], 'the look under way began before')
  await clock.advance(27)
  assert.deepEqual(told, ['group 1', 'looked'])
  await clock.advance(200)
  await end()
})

test('what could not be taken in is told again, and a gap reads everything anew', async () => {
  const { clock, told, broken, follower, commit, note, end } = await begin()
  broken.what = 'topic'
  await note('A')
  await clock.advance(500)
  assert.deepEqual(told.splice(0), [])
  delete broken.what
  await clock.advance(1_000)
  assert.ok(told.splice(0).includes('topic ["A"]'))
  broken.what = 'gap'
  await commit(1)
  await clock.advance(250)
  assert.ok(told.splice(0).includes('reset'))
  assert.equal(follower.stats.resets, 1)
  await end()
})

test('groups of a look that failed at a topic before them are read anew', async () => {
  const { clock, database, told, broken, end } = await begin()
  broken.what = 'topic'
  await database.transaction('both', async (tx) => {
    await tx.insert(commitLog, [commitRow(1, 1)])
    await noteChange(tx, { kind: 'topic', names: ['A'] })
  })
  await clock.advance(1_000)
  assert.deepEqual(told.slice(0, 1), ['reset'])
  await end()
})

test('looks are frequent for a second after there was something, then seldom', async () => {
  const { clock, follower, commit, end } = await begin()
  await clock.advance(2_000)
  let before = follower.stats.polls
  await clock.advance(1_000)
  assert.ok(follower.stats.polls - before <= 6, 'quiet')
  await commit(1)
  await clock.advance(200)
  before = follower.stats.polls
  await clock.advance(500)
  assert.ok(follower.stats.polls - before >= 18, 'busy')
  await clock.advance(1_000)
  before = follower.stats.polls
  await clock.advance(1_000)
  assert.ok(follower.stats.polls - before <= 6, 'quiet again')
  await end()
})
