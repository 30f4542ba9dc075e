/** Brokers that share the catalog, and where clients find partitions. Persisted. */
import { lockClass } from './lock-class.ts'
import type { Table } from './table.ts'

/** A broker's name keeps its id: whoever starts under it is the same broker again. */
export interface BrokerNameRow {
  name: string
  nodeId: number
}

export interface BrokerRow {
  nodeId: number
  name: string
  /** Of the process that runs as it; a process that finds a higher one here must end. */
  incarnation: number
  /** Where clients connect. */
  host: string
  port: number
  /** Its zone; '' where none was given. */
  rack: string
  /** Impaired: it serves, but had better have no clients where others can have them. */
  state: 'serving' | 'impaired' | 'draining' | 'stopped'
  startedMs: number
  /** Database time of its last sign of life. */
  heartbeatMs: number
  /** The version of the placement that it shows its clients. */
  placementVersion: number
  /** How many writes to the bucket its process has ended well. */
  bucketWrites: number
  /** Bytes a second by slot, as JSON: what it wrote and read lately. */
  load: string
}

/** Versions of where clients find partitions; the highest is in force, the others tell its story. */
export interface PlacementRow {
  version: number
  madeMs: number
  /** Who made it. */
  nodeId: number
  /** See fleet/placement.ts, as JSON. */
  body: string
}

export const brokerNames: Table<BrokerNameRow> = {
  name: 'broker_name',
  lockClass: lockClass.lease,
  columns: { name: 'text', nodeId: 'int' },
  key: ['name'],
}

export const brokers: Table<BrokerRow> = {
  name: 'broker',
  lockClass: lockClass.lease,
  columns: {
    nodeId: 'int',
    name: 'text',
    incarnation: 'int',
    host: 'text',
    port: 'int',
    rack: 'text',
    state: 'text',
    startedMs: 'int',
    heartbeatMs: 'int',
    placementVersion: 'int',
    bucketWrites: 'int',
    load: 'text',
  },
  key: ['nodeId'],
  wide: true,
}

export const placements: Table<PlacementRow> = {
  name: 'placement',
  lockClass: lockClass.lease,
  columns: { version: 'int', madeMs: 'int', nodeId: 'int', body: 'text' },
  key: ['version'],
  wide: true,
}
