/** Brokers that share the catalog: registered by name, alive by their heartbeats. */
import { Failure } from '../base/errors.ts'
import { drawNumbers } from './counters.ts'
import type { CatalogDatabase, ReadTransaction } from './database.ts'
import {
  brokerNames,
  type BrokerRow,
  brokers,
  type PlacementRow,
  placements,
} from './schema-fleet.ts'

/** More brokers than one catalog can carry: bounds what a heartbeat reads. */
export const brokersMax = 1_000
/** Versions of the placement that are kept to tell what moved when. */
const placementsKept = 100

export interface BrokerIdentity {
  readonly nodeId: number
  readonly name: string
  readonly incarnation: number
  readonly host: string
  readonly port: number
  /** '' for none. */
  readonly rack: string
}

/** What a heartbeat tells of the others. */
export interface FleetRows {
  readonly brokers: readonly BrokerRow[]
  /** In force; undefined before there is any. */
  readonly placement: PlacementRow | undefined
}

/**
 * Registers this process under the broker's name, in place of any that was: that one ends when it
 * finds out.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': register again. 'fenced': a later process has
 *   the name already.
 */
export async function registerBroker(
  database: CatalogDatabase,
  identity: BrokerIdentity,
  nowMs: number,
): Promise<void> {
  const { nodeId } = identity
  const serving = { state: 'serving', startedMs: nowMs, heartbeatMs: nowMs } as const
  const row: BrokerRow = {
    ...identity,
    ...serving,
    placementVersion: 0,
    bucketWrites: 0,
    load: '[]',
  }
  await database.transaction('register broker', async (tx) => {
    const [isNew] = await tx.insert(brokers, [row])
    if (isNew === true) return
    const [known] = await tx.lock(brokers, [[nodeId]], 'exclusive')
    if ((known?.incarnation ?? 0) > identity.incarnation) throw replaced(identity.name)
    await tx.put(brokers, [row])
  })
}

/**
 * The id that the name keeps; a new one is made for a new name.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': ask again. 'conflict': too many brokers.
 */
export async function nodeIdOf(database: CatalogDatabase, name: string): Promise<number> {
  const [known] = await database.snapshot('read broker name', (tx) => tx.get(brokerNames, [[name]]))
  if (known !== undefined) return known.nodeId
  const nodeId = 1 + (await drawNumbers(database, 'node.id', 1))
  if (nodeId > brokersMax) {
    throw new Failure(
      'conflict',
      `${brokersMax} names of brokers are taken: start under one of them`,
    )
  }
  return database.transaction('name broker', async (tx) => {
    await tx.insert(brokerNames, [{ name, nodeId }])
    const [row] = await tx.get(brokerNames, [[name]])
    return row?.nodeId ?? nodeId
  })
}

const replaced = (name: string): Failure =>
  new Failure('fenced', `another process runs as broker ${name} by now: this one ends`)

/**
 * Tells that this process lives, and hears of the others.
 *
 * @throws Failure 'fenced': another process runs under its name. 'unavailable' | 'unknown-outcome'.
 */
export function heartbeat(
  database: CatalogDatabase,
  own: Pick<BrokerRow, 'nodeId' | 'name' | 'incarnation'> &
    Partial<Pick<BrokerRow, 'state' | 'load' | 'placementVersion' | 'bucketWrites'>>,
  nowMs: number,
): Promise<FleetRows> {
  return database.transaction('heartbeat', async (tx) => {
    const [row] = await tx.lock(brokers, [[own.nodeId]], 'exclusive')
    if (row?.incarnation !== own.incarnation) throw replaced(own.name)
    await tx.put(brokers, [{ ...row, ...own, heartbeatMs: Math.max(nowMs, row.heartbeatMs) }])
    return readFleetIn(tx)
  })
}

async function readFleetIn(tx: ReadTransaction): Promise<FleetRows> {
  const [rows, [placement]] = await Promise.all([
    tx.scan(brokers, { prefix: [], limit: brokersMax }),
    tx.scan(placements, { prefix: [], limit: 1, descending: true }),
  ])
  return { brokers: rows, placement }
}

/** Versions that are kept, the newest first. @throws Failure 'unavailable' */
export function readPlacements(database: CatalogDatabase): Promise<PlacementRow[]> {
  return database.snapshot('read placements', (tx) =>
    tx.scan(placements, { prefix: [], limit: placementsKept, descending: true }),
  )
}

/**
 * Puts a version in force, unless there is one of its number already: false then.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': the next heartbeat tells.
 */
export function writePlacement(database: CatalogDatabase, row: PlacementRow): Promise<boolean> {
  return database.transaction('write placement', async (tx) => {
    const before = row.version - placementsKept
    const old = await tx.scan(placements, { prefix: [], before: [before], limit: placementsKept })
    await tx.delete(
      placements,
      old.map(({ version }) => [version]),
    )
    const [isNew] = await tx.insert(placements, [row])
    return isNew === true
  })
}
