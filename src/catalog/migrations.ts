/** Forward steps of the schema by level, as data, so that every adapter writes them in its own SQL. */
import { Failure } from '../base/errors.ts'
import { catalogTables, commitLog, inlineData, partitions, topics } from './schema.ts'
import { changeCounter, changeLog } from './schema-changes.ts'
import { compactions } from './schema-compaction.ts'
import { brokerNames, brokers, placements } from './schema-fleet.ts'
import { associationTables } from './schema-associations.ts'
import { keyTables } from './schema-keys.ts'
import { contractTables } from './schema-contracts.ts'
import { registryTables } from './schema-registry.ts'
import { transactions } from './schema-transactions.ts'
import type { Table } from './table.ts'

export interface Migration {
  /** The level that the database has once the step is done. Persisted; never reused. */
  readonly level: number
  /** Tables that come into being, as they are described today. */
  readonly createTables: readonly Table<never>[]
  /** Columns that come into being in tables of earlier levels, with the value for rows that exist. */
  readonly addColumns: readonly AddedColumn[]
}

export interface AddedColumn {
  readonly table: Table<never>
  readonly column: string
  readonly fill: number | string | null
}

/** Of a fleet, of compaction, of the schema registry, and of event contracts. */
const level2 = [
  changeCounter,
  changeLog,
  brokerNames,
  brokers,
  placements,
  inlineData,
  compactions,
  ...registryTables,
  ...keyTables,
  ...associationTables,
  ...contractTables,
] as readonly Table<never>[]
const level1 = catalogTables.filter((table) => !level2.includes(table))

export const migrations: readonly Migration[] = [
  { level: 1, createTables: level1, addColumns: [] },
  {
    level: 2,
    createTables: level2,
    addColumns: [
      { table: commitLog, column: 'changes', fill: null },
      { table: topics, column: 'contract', fill: null },
      // Of what was written before nothing is certain.
      { table: partitions, column: 'producersKnownFrom', fill: Number.MAX_SAFE_INTEGER },
      { table: partitions, column: 'recentProducers', fill: null },
      { table: transactions, column: 'coordinatorVersion', fill: 0 },
      { table: transactions, column: 'coordinatorIncarnation', fill: 0 },
    ],
  },
]

/** The level that this release writes, and the highest that it can read. */
export const schemaLevel: number = migrations.at(-1)?.level ?? 0

/**
 * The steps from `level` (0: an empty database) to this release's. An empty database gets every
 * table as it is described today, so columns that later levels added are there already.
 *
 * @throws Failure 'invalid': a newer release has written the database.
 */
export function migrationsFrom(level: number, where: string): readonly Migration[] {
  if (level > schemaLevel) {
    throw new Failure(
      'invalid',
      `${where} has schema level ${level}, and this release knows levels up to ${schemaLevel}: ` +
        'start the release that wrote it, or a newer one',
    )
  }
  if (level > 0) return migrations.filter((migration) => migration.level > level)
  return [{ level: schemaLevel, createTables: catalogTables, addColumns: [] }]
}

/**
 * Holds a database that is only looked at to this release's level.
 *
 * @throws Failure 'invalid': another release has written it.
 */
export function assertLevel(level: number, where: string): void {
  migrationsFrom(level, where)
  if (level === schemaLevel) return
  throw new Failure(
    'invalid',
    `${where} has schema level ${level}, and this release works with ${schemaLevel}: ` +
      'start a broker of this release first, which raises it',
  )
}
