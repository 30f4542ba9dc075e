/**
 * Commits on a real PostgreSQL beside it on this machine, open loop: they are due at their time,
 * done or not. No object store and no clients: what a catalog carries.
 */
import { sleep } from '../src/base/clock.ts'
import { isFailure } from '../src/base/errors.ts'
import { silentLog } from '../src/base/log.ts'
import { systemClock } from '../src/base/system-clock.ts'
import { commitGroups, type GroupIntent } from '../src/catalog/commit-groups.ts'
import { openPostgresDatabase, type PostgresDatabase } from '../src/catalog/postgres/database.ts'
import { fillTopic, group } from '../test/postgres/groups.ts'
import { PostgresServer } from '../test/support/postgres-server.ts'
import type { Section } from './section.ts'

interface CatalogLoad {
  readonly brokers: number
  /** Of each broker, per second. */
  readonly rate: number
  readonly runs: number
  readonly partitions: number
}

const loads: readonly CatalogLoad[] = [
  { brokers: 12, rate: 5, runs: 200, partitions: 1_000 },
  { brokers: 12, rate: 5, runs: 200, partitions: 10_000 },
  { brokers: 25, rate: 10, runs: 20, partitions: 10_000 },
  { brokers: 25, rate: 10, runs: 200, partitions: 10_000 },
]

const warmUpMs = 3_000
const measureMs = 10_000
/** What is not done by then shows in the figures, and is not waited for. */
const overdueMsMax = 10_000

export const catalogSection: Section = {
  name: 'catalog',
  run: async ({ figures, say }) => {
    const server = await PostgresServer.start({
      settings: { shared_buffers: '1GB', max_wal_size: '8GB' },
    })
    try {
      for (const load of loads) {
        const { brokers, rate, runs, partitions } = load
        const name = `${brokers} brokers x ${rate}/s, ${runs} runs, ${partitions} partitions`
        const { p50, p99, max, commits, retries } = await measure(server, load)
        const counts = `${commits} commits, ${retries} retries`
        say(`catalog, ${name}: ${counts}, p50 ${p50} p99 ${p99} max ${max} ms`)
        figures.add('catalog', `${name}: commit, p50`, 'ms', p50)
        figures.add('catalog', `${name}: commit, p99`, 'ms', p99)
      }
    } finally {
      await server.stop()
    }
  },
}

interface Measured {
  readonly commits: number
  /** A lock that took too long, or a statement: more is asked for than the machine carries. */
  readonly retries: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

async function measure(server: PostgresServer, load: CatalogLoad): Promise<Measured> {
  const schema = `b_${load.brokers}_${load.rate}_${load.runs}_${load.partitions}`
  const open = (): Promise<PostgresDatabase> =>
    openPostgresDatabase({
      url: server.url(`schema=${schema}`),
      clock: systemClock,
      log: silentLog,
    })
  const first = await open()
  await fillTopic(first, load.partitions)
  const others = await Promise.all(Array.from({ length: load.brokers - 1 }, open))
  const databases = [first, ...others]
  const tookMs: number[] = []
  const told = { tookMs, retries: 0 }
  const begunMs = performance.now()
  await Promise.all(databases.map((each, at) => commitAsDue(each, at, load, begunMs, told)))
  await Promise.all(databases.map((each) => each.close()))
  tookMs.sort((a, b) => a - b)
  const rank = (share: number): number =>
    Number((tookMs[Math.min(tookMs.length - 1, Math.floor(share * tookMs.length))] ?? 0).toFixed(1))
  return {
    commits: tookMs.length,
    retries: told.retries,
    p50: rank(0.5),
    p99: rank(0.99),
    max: rank(1),
  }
}

/** A broker commits one group after another; one that is late counts from when it was due. */
async function commitAsDue(
  database: PostgresDatabase,
  broker: number,
  { brokers, rate, runs, partitions }: CatalogLoad,
  begunMs: number,
  told: { readonly tookMs: number[]; retries: number },
): Promise<void> {
  const everyMs = 1_000 / rate
  const sequences = new Map<number, number>()
  for (let number = 1; ; number++) {
    const dueMs = begunMs + (number + broker / brokers) * everyMs
    const endMs = begunMs + warmUpMs + measureMs
    if (dueMs > endMs || performance.now() > endMs + overdueMsMax) return
    await sleep(systemClock, Math.max(0, dueMs - performance.now()))
    const ids = Array.from({ length: runs }, (_, at) => {
      return 1 + ((number * 7_919 + broker * 104_729 + at * 31) % partitions)
    })
    const appends = ids.flatMap((id) => {
      const sequence = sequences.get(id) ?? 0
      sequences.set(id, sequence + 1)
      return group(broker + 1, number, [id], sequence).appends
    })
    while (!(await isCommitted(database, { ...group(broker + 1, number, []), appends }))) {
      told.retries++
    }
    if (dueMs > begunMs + warmUpMs) told.tookMs.push(performance.now() - dueMs)
  }
}

async function isCommitted(database: PostgresDatabase, one: GroupIntent): Promise<boolean> {
  try {
    await commitGroups(database, [one])
    return true
  } catch (error) {
    if (isFailure(error, 'unavailable')) return false
    throw error
  }
}
