/** Quotas of clients, as they are stored: one row per entity that has any. */
import { noteChange } from './change-log.ts'
import { catalogLimits, type CatalogDatabase } from './database.ts'
import { clientQuotas, type ClientQuotaRow } from './schema.ts'

/** Values by name; undefined takes one away. */
export type QuotaChange = Readonly<Record<string, number | undefined>>

/** Of one entity: its text (quota/quota-entity.ts), and values by name. */
export interface StoredQuotas {
  readonly entity: string
  readonly values: Readonly<Record<string, number>>
}

/** All of them, by entity. */
export function listClientQuotas(database: CatalogDatabase): Promise<StoredQuotas[]> {
  return database.snapshot('list client quotas', async (tx) => {
    const found: StoredQuotas[] = []
    const range = { prefix: [], limit: catalogLimits.scanRowsMax }
    for (let after: string | undefined; ;) {
      const page = await tx.scan(
        clientQuotas,
        after === undefined ? range : { ...range, after: [after] },
      )
      found.push(...page.map(fromRow))
      if (page.length < range.limit) return found
      after = page.at(-1)?.entity
    }
  })
}

/**
 * Changes the quotas of several entities, all or none; resolves with what they have now. An entity
 * without quotas has no row.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': a retry does the same again.
 */
export function changeClientQuotas(
  database: CatalogDatabase,
  changes: ReadonlyMap<string, QuotaChange>,
): Promise<StoredQuotas[]> {
  const keys = [...changes.keys()].map((entity) => [entity])
  return database.transaction('change client quotas', async (tx) => {
    // Rows that are not there cannot be locked: two who make the same entity would overwrite.
    await tx.insert(
      clientQuotas,
      [...changes.keys()].map((entity) => ({ entity, quotas: '{}' })),
    )
    const before = (await tx.lock(clientQuotas, keys, 'exclusive')).map(fromRow)
    const after = before.map(({ entity, values }) => {
      const all = Object.entries({ ...values, ...changes.get(entity) })
      const kept = all.filter((each): each is [string, number] => each[1] !== undefined)
      return { entity, values: Object.fromEntries(kept) }
    })
    const [empty, full] = [after.filter(isEmpty), after.filter((each) => !isEmpty(each))]
    await tx.put(clientQuotas, full.map(toRow))
    await tx.delete(
      clientQuotas,
      empty.map(({ entity }) => [entity]),
    )
    await noteChange(tx, { kind: 'quota', names: [...changes.keys()] })
    return after
  })
}

const isEmpty = ({ values }: StoredQuotas): boolean => Object.keys(values).length === 0

const toRow = ({ entity, values }: StoredQuotas): ClientQuotaRow => {
  return { entity, quotas: JSON.stringify(values) }
}

const fromRow = ({ entity, quotas }: ClientQuotaRow): StoredQuotas => {
  return { entity, values: JSON.parse(quotas) as Record<string, number> }
}
