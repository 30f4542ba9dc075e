/**
 * The quotas that are set, and who falls under which: the catalog's, with a copy in memory that
 * every request is judged by. A change holds for clients that are connected already.
 */
import { isFailure } from '../base/errors.ts'
import { Mutex } from '../base/mutex.ts'
import {
  changeClientQuotas,
  listClientQuotas,
  type QuotaChange,
  type StoredQuotas,
} from '../catalog/client-quotas.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { entityOf, entityText, type QuotaEntity, type QuotaKey } from './quota-entity.ts'

/** Who asks: quotas are on these. */
export interface Client {
  readonly user: string
  readonly clientId: string
}

/** Everybody, until there is authentication; Kafka's name for it. */
export const anonymous = 'ANONYMOUS'

/** A quota that somebody falls under. */
export interface Limit {
  readonly value: number
  /** The same for all who share this quota. */
  readonly sharers: string
}

export interface EntityQuotas {
  readonly entity: QuotaEntity
  readonly values: Readonly<Record<string, number>>
}

export interface QuotaAlteration {
  readonly entity: QuotaEntity
  readonly change: QuotaChange
}

/**
 * Entities with quotas. Each is some hundred bytes in memory; who has more customers than that sets
 * defaults.
 */
export const quotaEntitiesMax = 10_000

/** Answers about clients that are kept. */
const foundMax = 10_000

/** Quotas are read again so often after a lost answer. */
const rereadsMax = 5

export class ClientQuotas {
  readonly #database: CatalogDatabase
  readonly #values = new Map<string, StoredQuotas['values']>()
  /** How many entities set each quota: most brokers have none, and look no further. */
  readonly #counts = new Map<string, number>()
  /** What was looked up since the last change: requests of one client come by the thousand. */
  readonly #found = new Map<string, { readonly limit: Limit | undefined }>()
  readonly #changes = new Mutex()

  constructor(database: CatalogDatabase) {
    this.#database = database
  }

  /** Fills the memory at start. */
  async load(): Promise<void> {
    const stored = await listClientQuotas(this.#database)
    this.#values.clear()
    this.#counts.clear()
    this.#found.clear()
    for (const each of stored) this.#remember(each)
  }

  /** True where nobody has any quota of this name. */
  isFree(key: QuotaKey): boolean {
    return (this.#counts.get(key) ?? 0) === 0
  }

  /** Every entity that has quotas, by its text. */
  all(): EntityQuotas[] {
    return [...this.#values]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([text, values]) => ({ entity: entityOf(text), values }))
  }

  /**
   * Changes what is set, all or nothing; 'full' where that would make too many entities.
   *
   * @throws Failure 'unavailable' | 'unknown-outcome': a retry does the same again.
   */
  alter(alterations: readonly QuotaAlteration[]): Promise<'done' | 'full'> {
    return this.#changes.run(async () => {
      const changes = new Map(
        alterations.map(({ entity, change }) => [entityText(entity), change] as const),
      )
      const added = [...changes.keys()].filter((text) => !this.#values.has(text))
      if (this.#values.size + added.length > quotaEntitiesMax && added.length > 0) return 'full'
      try {
        const stored = await changeClientQuotas(this.#database, changes)
        for (const each of stored) this.#remember(each)
      } catch (error) {
        if (isFailure(error, 'unknown-outcome')) await this.#reread()
        throw error
      }
      return 'done'
    })
  }

  /** The most specific quota that the client falls under, in Kafka's order. */
  ofClient(key: QuotaKey, client: Client): Limit | undefined {
    if (this.isFree(key)) return undefined
    const name = `${key} ${client.user.length} ${client.user} ${client.clientId}`
    const known = this.#found.get(name)
    if (known !== undefined) return known.limit
    const limit = this.#find(key, client)
    if (this.#found.size >= foundMax) this.#found.clear()
    this.#found.set(name, { limit })
    return limit
  }

  #find(key: QuotaKey, { user, clientId }: Client): Limit | undefined {
    for (const ownUser of [user, null, undefined]) {
      for (const ownId of [clientId, null, undefined]) {
        if (ownUser === undefined && ownId === undefined) continue
        const value = this.#value(entity(ownUser, ownId), key)
        if (value === undefined) continue
        // Who falls under a default has it alone; who is not told apart shares.
        const sharers = [ownUser === undefined ? null : user, ownId === undefined ? null : clientId]
        return { value, sharers: JSON.stringify(sharers) }
      }
    }
    return undefined
  }

  ofIp(key: QuotaKey, ip: string): Limit | undefined {
    if (this.isFree(key)) return undefined
    const value = this.#value({ ip }, key) ?? this.#value({ ip: null }, key)
    return value === undefined ? undefined : { value, sharers: ip }
  }

  #value(of: QuotaEntity, key: QuotaKey): number | undefined {
    return this.#values.get(entityText(of))?.[key]
  }

  #remember({ entity: text, values }: StoredQuotas): void {
    this.#found.clear()
    const before = this.#values.get(text) ?? {}
    for (const key of Object.keys(before)) this.#counts.set(key, (this.#counts.get(key) ?? 1) - 1)
    for (const key of Object.keys(values)) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    if (Object.keys(values).length === 0) this.#values.delete(text)
    else this.#values.set(text, values)
  }

  /** A change whose answer was lost may have been made; until this succeeds memory may be behind. */
  async #reread(): Promise<void> {
    for (let attempt = 1; attempt <= rereadsMax; attempt++) {
      try {
        return await this.load()
      } catch (error) {
        if (!isFailure(error)) throw error
      }
    }
  }
}

function entity(user: string | null | undefined, clientId: string | null | undefined): QuotaEntity {
  return {
    ...(user === undefined ? {} : { user }),
    ...(clientId === undefined ? {} : { 'client-id': clientId }),
  }
}
