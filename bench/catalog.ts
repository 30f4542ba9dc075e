/**
 * Commits on a real PostgreSQL beside it on this machine, open loop: they are due at their time,
 * done or not. No object store and no clients: what a catalog carries.
 */
import path from 'node:path'
import pg from 'pg'
import { silentLog } from '../src/base/log.ts'
import { systemClock } from '../src/base/system-clock.ts'
import { openPostgresDatabase } from '../src/catalog/postgres/database.ts'
import { fillTopic } from '../test/postgres/groups.ts'
import { PostgresServer } from '../test/support/postgres-server.ts'
import { run } from '../test/support/program.ts'
import type { CatalogLoad, CatalogShare, CatalogTook } from './catalog-broker.ts'
import type { Section } from './section.ts'

/** The same with few partitions and many, then how many commits and runs a second it carries. */
const loads: readonly CatalogLoad[] = [
  { brokers: 12, rate: 5, runs: 200, partitions: 1_000 },
  { brokers: 12, rate: 5, runs: 200, partitions: 10_000 },
  { brokers: 12, rate: 10, runs: 200, partitions: 10_000 },
  { brokers: 12, rate: 15, runs: 200, partitions: 10_000 },
  { brokers: 12, rate: 21, runs: 200, partitions: 10_000 },
  { brokers: 25, rate: 10, runs: 20, partitions: 10_000 },
  { brokers: 25, rate: 10, runs: 200, partitions: 10_000 },
]

/** Brokers of one process: as many as a thread has time for. */
const brokersPerProcess = 5
/** Until every process has opened its connections. */
const openMs = 3_000
const lifeMsMax = 60_000

export const catalogSection: Section = {
  name: 'catalog',
  run: async ({ figures, match, say }) => {
    const server = await PostgresServer.start({
      settings: { shared_buffers: '1GB', max_wal_size: '8GB', min_wal_size: '4GB' },
    })
    try {
      await recycleLog(server)
      for (const load of loads) {
        const { brokers, rate, runs, partitions } = load
        const name = `${brokers} brokers x ${rate}/s, ${runs} runs, ${partitions} partitions`
        if (!name.includes(match)) continue
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

/** As many as all loads write. */
const logFiles = 200

/**
 * Makes files of the write-ahead log that the server has done with, as every server has some
 * minutes after its first start: to fill a new one with zeros holds up all commits for 50 to 90 ms,
 * every 16 MiB. Only what is measured afterwards shows a server at work.
 */
async function recycleLog(server: PostgresServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.url() })
  await client.connect()
  for (let made = 0; made < logFiles; made++) {
    await client.query("SELECT pg_logical_emit_message(true, 'bench', 'next file')")
    await client.query('SELECT pg_switch_wal()')
  }
  await client.query('CHECKPOINT')
  await client.end()
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
  const url = server.url(`schema=${schema}`)
  const first = await openPostgresDatabase({ url, clock: systemClock, log: silentLog })
  await fillTopic(first, load.partitions)
  await first.close()
  const beginMs = Date.now() + openMs
  const all = Array.from({ length: load.brokers }, (_, broker) => broker)
  const shares: Promise<CatalogTook>[] = []
  for (let at = 0; at < all.length; at += brokersPerProcess) {
    shares.push(take({ url, load, brokers: all.slice(at, at + brokersPerProcess), beginMs }))
  }
  const taken = await Promise.all(shares)
  const tookMs = taken.flatMap((each) => each.tookMs)
  const retries = taken.reduce((sum, each) => sum + each.retries, 0)
  tookMs.sort((a, b) => a - b)
  const rank = (share: number): number =>
    Number((tookMs[Math.min(tookMs.length - 1, Math.floor(share * tookMs.length))] ?? 0).toFixed(1))
  return {
    commits: tookMs.length,
    retries,
    p50: rank(0.5),
    p99: rank(0.99),
    max: rank(1),
  }
}

async function take(share: CatalogShare): Promise<CatalogTook> {
  const args = [path.join(import.meta.dirname, 'catalog-broker.ts'), JSON.stringify(share)]
  const lines = await run('brokers', process.execPath, args, { timeoutMs: lifeMsMax })
  return JSON.parse(lines.at(-1) ?? '') as CatalogTook
}
