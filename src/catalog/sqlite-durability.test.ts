/** What only a database on a disk can get wrong: crashes, full disks, foreign files, two processes. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../base/system-clock.ts'
import { commitRow, partitionRow } from './contract-subject.ts'
import { migrationsFrom, schemaLevel } from './migrations.ts'
import { commitLog, partitions } from './schema.ts'
import { openSqliteDatabase, type SqliteDatabase } from './sqlite-database.ts'

type Child = ChildProcessByStdio<null, Readable, null>

async function inFolder(work: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'karst-catalog-'))
  try {
    await work(join(folder, 'catalog.db'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

const openAt = (path: string, pagesMax?: number): Promise<SqliteDatabase> =>
  openSqliteDatabase({ path, clock: systemClock, ...(pagesMax === undefined ? {} : { pagesMax }) })

async function groupNumbers(database: SqliteDatabase): Promise<number[]> {
  const range = { prefix: [1], limit: 10_000 }
  const rows = await database.snapshot('read', (tx) => tx.scan(commitLog, range))
  return rows.map((row) => row.groupNumber)
}

const addGroup = (database: SqliteDatabase, groupNumber: number, bytes = 0): Promise<void> =>
  database.transaction('add', async (tx) => {
    const manifest = new Uint8Array(bytes)
    await tx.insert(commitLog, [commitRow(1, groupNumber, { manifest })])
  })

/** Another process that commits group after group and prints each once it is committed. */
function startChild(path: string): Child {
  const script = `
    import { openSqliteDatabase } from '${import.meta.resolve('./sqlite-database.ts')}'
    import { systemClock } from '${import.meta.resolve('../base/system-clock.ts')}'
    import { commitLog } from '${import.meta.resolve('./schema.ts')}'
    import { commitRow } from '${import.meta.resolve('./contract-subject.ts')}'
    import { writeSync } from 'node:fs'
    const database = await openSqliteDatabase({ path: ${JSON.stringify(path)}, clock: systemClock })
    for (let group = 1; ; group++) {
      const row = commitRow(1, group, { manifest: new Uint8Array((group * 97) % 20_000) })
      await database.transaction('add', (tx) => tx.insert(commitLog, [row]))
      writeSync(1, group + '\\n')
    }`
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Kills the child once it has printed `count` groups; resolves with the last that it printed. */
async function killAfter(child: Child, count: number): Promise<number> {
  let last = 0
  const exited = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line)
    if (last >= count) child.kill('SIGKILL')
  }
  await exited
  return last
}

test('W1: what was committed is there after close and reopen', () =>
  inFolder(async (path) => {
    const first = await openAt(path)
    await addGroup(first, 1, 50_000)
    await first.close()
    const second = await openAt(path)
    await addGroup(second, 2)
    assert.deepEqual(await groupNumbers(second), [1, 2])
    await second.close()
    const left = await stat(`${path}-wal`).catch(() => undefined)
    assert.equal(left, undefined, 'a clean close leaves no log to recover')
  }))

test('C1: kill -9 in mid-load loses nothing that was acknowledged, and keeps a prefix', () =>
  inFolder(async (path) => {
    let before = 0
    for (const count of [1, 40, 700]) {
      await rm(path, { force: true })
      for (const suffix of ['-wal', '-shm']) await rm(path + suffix, { force: true })
      before = await killAfter(startChild(path), count)
      const database = await openAt(path)
      const groups = await groupNumbers(database)
      assert.ok(
        groups.length >= before && groups.length <= before + 1,
        `${groups.length}, ${before}`,
      )
      assert.deepEqual(
        groups,
        groups.map((_, at) => at + 1),
      )
      await addGroup(database, groups.length + 1)
      await database.close()
    }
  }))

test('a data folder is used by one process, until that one is gone', () =>
  inFolder(async (path) => {
    const inUse = { kind: 'conflict', message: /data folder .* is in use by another process/ }
    const own = await openAt(path)
    await assert.rejects(openAt(path), inUse)
    await own.close()
    const child = startChild(path)
    await once(child.stdout, 'data')
    await assert.rejects(openAt(path), inUse)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await openAt(path)).close()
  }))

test('a full disk refuses writes cleanly, and is written again once there is room', () =>
  inFolder(async (path) => {
    const full = await openAt(path, 160)
    await full.transaction('fill', (tx) => tx.put(partitions, [partitionRow(1)]))
    let group = 1
    const fill = async (): Promise<void> => {
      for (; group < 100; group++) await addGroup(full, group, 9_000)
    }
    await assert.rejects(fill(), { kind: 'overloaded', message: /full/ })
    assert.ok(group > 1)
    assert.deepEqual(
      await groupNumbers(full),
      Array.from({ length: group - 1 }, (_, at) => at + 1),
    )
    const grown = partitionRow(1, { logEnd: 1 })
    await full.transaction('in place', (tx) => tx.put(partitions, [grown]))
    await full.transaction('make room', (tx) => tx.delete(commitLog, [[1, 1]]))
    await addGroup(full, 1, 9_000)
    await full.close()
    const roomy = await openAt(path)
    await addGroup(roomy, group, 9_000)
    assert.equal((await groupNumbers(roomy)).length, group)
    await roomy.close()
  }))

/** Counts how often the write-ahead log began again: bytes 12 to 15 of its header. */
async function logSequence(path: string): Promise<number> {
  const file = await open(`${path}-wal`)
  const { buffer } = await file.read(Buffer.alloc(16), 0, 16, 0)
  await file.close()
  return buffer.readUInt32BE(12)
}

test('the log is copied back while commits go on, and is written from its start again', () =>
  inFolder(async (path) => {
    const failures: unknown[] = []
    const checkpointFailed = (failure: unknown): number => failures.push(failure)
    const database = await openSqliteDatabase({ path, clock: systemClock, checkpointFailed })
    const first = await logSequence(path)
    let groups = 0
    while (groups < 5_000 && (await logSequence(path)) === first) {
      for (let at = 0; at < 50; at++) await addGroup(database, ++groups, 40_000) // 11 frames
    }
    await addGroup(database, ++groups)
    assert.notEqual(await logSequence(path), first, 'the log began again')
    await database.close()
    assert.deepEqual(failures, [])
    const again = await openAt(path)
    assert.equal((await groupNumbers(again)).length, groups)
    await again.close()
  }))

test('what is no catalog of ours is refused, and left as it was', () =>
  inFolder(async (path) => {
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE t (a)')
    other.close()
    await assert.rejects(openAt(path), { kind: 'invalid', message: /not a Karst catalog/ })
    await writeFile(path, Buffer.alloc(8_192, 7))
    await assert.rejects(openAt(path), { kind: 'corrupt' })
    assert.equal((await stat(path)).size, 8_192)
    await assert.rejects(openAt(join(path, 'no', 'folder')), { kind: 'unavailable' })
  }))

test('a catalog of a newer release is refused, with its level named', () =>
  inFolder(async (path) => {
    await (await openAt(path)).close()
    const newer = new DatabaseSync(path)
    newer.exec(`PRAGMA user_version = ${schemaLevel + 1}`)
    newer.close()
    const message = new RegExp(`schema level ${schemaLevel + 1}`)
    await assert.rejects(openAt(path), { kind: 'invalid', message })
    assert.deepEqual(migrationsFrom(schemaLevel, path), [])
  }))

test('damaged pages are told as such, and nothing else is answered from them', () =>
  inFolder(async (path) => {
    const whole = await openAt(path)
    for (let group = 1; group <= 80; group++) await addGroup(whole, group, 3_000)
    await whole.close()
    const file = await open(path, 'r+')
    const { size } = await file.stat()
    // In front are the schema and the roots of the tables, which are read when it opens.
    for (let page = 4_096 * 60; page < size; page += 4_096) {
      await file.write(Buffer.alloc(64, 0xee), 0, 64, page)
    }
    await file.close()
    const damaged = await openAt(path)
    await assert.rejects(groupNumbers(damaged), { kind: 'corrupt' })
    await damaged.close().catch(() => undefined)
  }))
