/**
 * Brokers that commit to a catalog, a process of its own for some of them: one thread cannot make
 * what many brokers do. Started by catalog.ts with the load as JSON; prints what each commit took.
 */
import { assert } from '../src/base/assert.ts'
import { sleep } from '../src/base/clock.ts'
import { isFailure } from '../src/base/errors.ts'
import { silentLog } from '../src/base/log.ts'
import { systemClock } from '../src/base/system-clock.ts'
import { commitGroups, type GroupIntent } from '../src/catalog/commit-groups.ts'
import { openPostgresDatabase, type PostgresDatabase } from '../src/catalog/postgres/database.ts'
import { group } from '../test/postgres/groups.ts'

export interface CatalogLoad {
  /** Over three zones: those of a zone share its partitions, and each zone writes to all. */
  readonly brokers: number
  /** Of each broker, per second. */
  readonly rate: number
  readonly runs: number
  readonly partitions: number
}

/** The brokers of one process. */
export interface CatalogShare {
  readonly url: string
  readonly load: CatalogLoad
  readonly brokers: readonly number[]
  /** Wall time at which the first commits are due, for all processes. */
  readonly beginMs: number
}

export interface CatalogTook {
  readonly tookMs: readonly number[]
  /** A lock that took too long, or a statement: more is asked for than the machine carries. */
  readonly retries: number
}

const zones = 3
const warmUpMs = 10_000
const measureMs = 10_000
/** What is not done by then shows in the figures, and is not waited for. */
const overdueMsMax = 10_000

const [given] = process.argv.slice(2)
if (given !== undefined) process.stdout.write(`${JSON.stringify(await run(JSON.parse(given)))}\n`)

async function run({ url, load, brokers, beginMs }: CatalogShare): Promise<CatalogTook> {
  const open = (): Promise<PostgresDatabase> =>
    openPostgresDatabase({ url, clock: systemClock, log: silentLog })
  const databases = await Promise.all(brokers.map(open))
  const told = { tookMs: [] as number[], retries: 0 }
  const begunMs = performance.now() + (beginMs - Date.now())
  await Promise.all(
    databases.map((each, at) => commitAsDue(each, brokers[at] ?? 0, load, begunMs, told)),
  )
  await Promise.all(databases.map((each) => each.close()))
  return told
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
  const own = ownPartitions(broker, brokers, partitions)
  assert(own.length >= runs, 'a group has one run per partition at most')
  const sequences = new Map<number, number>()
  for (let number = 1; ; number++) {
    const dueMs = begunMs + (number + broker / brokers) * everyMs
    const endMs = begunMs + warmUpMs + measureMs
    if (dueMs > endMs || performance.now() > endMs + overdueMsMax) return
    await sleep(systemClock, Math.max(0, dueMs - performance.now()))
    const ids = Array.from({ length: runs }, (_, at) => own[(number * runs + at) % own.length] ?? 0)
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

/** As a placement has it: a partition is shown at one broker in each zone. */
function ownPartitions(broker: number, brokers: number, partitions: number): number[] {
  const [zone, place] = [broker % zones, Math.floor(broker / zones)]
  const inZone = Math.floor((brokers - zone - 1) / zones) + 1
  const ids = Array.from({ length: partitions }, (_, at) => 1 + at)
  return ids.filter((id) => id % inZone === place)
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
