import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFailure } from '../../src/base/errors.ts'
import { cancelGroups, commitGroups } from '../../src/catalog/commit-groups.ts'
import { Steps } from '../../src/catalog/contract-subject.ts'
import { leases, partitions } from '../../src/catalog/schema.ts'
import { Program } from '../support/program.ts'
import { Catalogs } from './catalogs.ts'
import { fillTopic, group, logEndOf } from './groups.ts'

const catalogs = new Catalogs()

/** Tries again as the commit loop does; resolves with the milliseconds it took. */
async function insist(work: () => Promise<unknown>, limitMs: number): Promise<number> {
  const begunMs = performance.now()
  for (;;) {
    try {
      await work()
      return performance.now() - begunMs
    } catch (error) {
      const isRetriable = isFailure(error, 'unavailable') || isFailure(error, 'unknown-outcome')
      if (!isRetriable || performance.now() - begunMs > limitMs) throw error
      await sleep(20)
    }
  }
}

test('a broker that is stopped between its round trips keeps others for 2 s at most', async () => {
  const schema = catalogs.newSchema()
  const database = await catalogs.open(schema)
  await fillTopic(database, 2)
  await commitGroups(database, [group(1, 1, [1, 2])])
  const script = path.join(import.meta.dirname, 'frozen-holder.ts')
  const url = catalogs.server.url(`schema=${schema}`)
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
    const holder = new Program('holder', process.execPath, [script, url], { timeoutMs: 30_000 })
    await holder.line((line) => line === 'locked', 20_000)
    holder.signal(signal)
    const number = signal === 'SIGSTOP' ? 2 : 3
    const one = group(1, number, [1, 2], number - 1)
    const tookMs = await insist(() => commitGroups(database, [one]), 5_000)
    assert.ok(tookMs <= (signal === 'SIGSTOP' ? 2_000 : 500), `${signal}: ${tookMs} ms`)
    assert.equal(await logEndOf(database, 1), number)
    holder.signal('SIGKILL')
    await holder.exited
  }
  await database.close()
})

test('kill -9 of the server in the middle of commits: nothing acknowledged is lost', async () => {
  const schema = catalogs.newSchema()
  const database = await catalogs.open(schema)
  await fillTopic(database, 4)
  for (let round = 0; round < 3; round++) {
    const acknowledged: number[] = []
    const unknown: number[] = []
    let running = true
    let number = round * 100_000
    let last = Promise.withResolvers<void>()
    const write = async (): Promise<void> => {
      while (running) {
        const one = ++number
        // Without idempotence, so that each commit stands for itself.
        const appends = group(1, one, [1 + (one % 4)]).appends.map((append) => {
          return { ...append, producerId: -1, producerEpoch: -1, baseSequence: -1 }
        })
        try {
          await commitGroups(database, [{ ...group(1, one, []), appends }])
          acknowledged.push(one)
          last.resolve()
        } catch (error) {
          if (isFailure(error, 'unknown-outcome')) unknown.push(one)
          else assert.ok(isFailure(error, 'unavailable'), String(error))
        }
      }
    }
    const writing = write()
    await last.promise
    await sleep(300)
    await catalogs.server.kill()
    await sleep(100)
    await catalogs.server.restart()
    last = Promise.withResolvers<void>()
    const recovered = await Promise.race([last.promise.then(() => true), sleep(10_000)])
    assert.equal(recovered, true, 'commits succeed again within 10 s')
    running = false
    await writing
    const groups = [...acknowledged, ...unknown].map((one) => group(1, one, [1]))
    const told = await cancelGroups(database, groups)
    const states = told.map(({ state }) => state)
    assert.ok(acknowledged.length > 10)
    assert.ok(states.slice(0, acknowledged.length).every((state) => state === 'committed'))
  }
  await database.close()
})

test('a deadlock with somebody else ends as unavailable, and its locks are free', async () => {
  const schema = catalogs.newSchema()
  const database = await catalogs.open(schema)
  await fillTopic(database, 2)
  await catalogs.plain(async (foreign) => {
    await foreign.query('BEGIN')
    const lock = (id: number) =>
      foreign.query(`SELECT 1 FROM ${schema}.partition WHERE partition_id = ${id} FOR UPDATE`)
    await lock(2)
    const ours = database.transaction('ours', (tx) => tx.lock(partitions, [[1], [2]], 'exclusive'))
    const ended = assert.rejects(ours, { kind: 'unavailable' })
    await sleep(200)
    await Promise.all([lock(1), ended])
    await foreign.query('ROLLBACK')
  })
  await database.transaction('again', (tx) => tx.lock(partitions, [[1], [2]], 'exclusive'))
  await database.close()
})

test('all sessions in use: callers wait, then hear of it, and commits go on', async () => {
  const database = await catalogs.open()
  await fillTopic(database, 1)
  const steps = new Steps()
  const holders = [1, 2, 3, 4].map((id) =>
    database.transaction(`holder ${id}`, async (tx) => {
      steps.reach(`held ${id}`)
      while (!steps.isReached('release')) {
        await tx.get(leases, [])
        await sleep(50)
      }
    }),
  )
  await Promise.all([1, 2, 3, 4].map((id) => steps.reached(`held ${id}`)))
  const refused = assert.rejects(logEndOf(database, 1), {
    kind: 'unavailable',
    message: /all 4 sessions for others were in use for 5000 ms/,
  })
  await commitGroups(database, [group(1, 1, [1])])
  await refused
  const waiting = logEndOf(database, 1)
  steps.reach('release')
  assert.equal(await waiting, 1)
  await Promise.all(holders)
  await database.close()
})

test('a server that becomes read-only refuses writes, and takes them again', async () => {
  const database = await catalogs.open()
  await fillTopic(database, 1)
  const set = async (value: string): Promise<void> => {
    await catalogs.plain(async (client) => {
      await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`)
      await client.query('SELECT pg_reload_conf()')
    })
    await sleep(100)
  }
  await commitGroups(database, [group(1, 1, [1])])
  await set('on')
  try {
    await assert.rejects(commitGroups(database, [group(1, 2, [1], 1)]), {
      kind: 'unavailable',
      message: /the server takes no writes/,
    })
    await assert.rejects(catalogs.open(), { kind: 'unavailable', message: /takes no writes/ })
    assert.equal(await logEndOf(database, 1), 1)
  } finally {
    await set('off')
  }
  await commitGroups(database, [group(1, 2, [1], 1)])
  await database.close()
})
