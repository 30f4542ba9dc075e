import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TaskGroup } from './task-group.ts'

test('tasks stop in reverse order, each waited for before the next is told', async () => {
  const group = new TaskGroup()
  const events: string[] = []
  for (const name of ['disk', 'network']) {
    const ended = Promise.withResolvers<void>()
    const run = () => ended.promise.then(() => void events.push(`${name} ended`))
    group.add(name, run, () => {
      events.push(`${name} told`)
      ended.resolve()
    })
  }
  group.defer('timer', () => void events.push('timer'))
  await group.stop()
  assert.deepEqual(events, ['timer', 'network told', 'network ended', 'disk told', 'disk ended'])
})

test('the first failure is named and keeps its cause', async () => {
  const group = new TaskGroup()
  const cause = new Error('no space')
  group.add(
    'journal',
    () => Promise.reject(cause),
    () => undefined,
  )
  await assert.rejects(group.failure, (error: Error) => {
    assert.equal(error.message, 'journal: no space')
    assert.equal(error.cause, cause)
    return true
  })
})

test('what cannot be stopped does not keep the rest from being stopped', async () => {
  const group = new TaskGroup()
  let stopped = false
  group.defer('first', () => void (stopped = true))
  group.defer('second', () => Promise.reject(new Error('stuck')))
  await assert.rejects(group.stop(), AggregateError)
  assert.ok(stopped)
})
