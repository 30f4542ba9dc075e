/** Whose quotas a command is about, as flags, and how they are shown. */
import {
  entityTypes,
  quotaKeys,
  type QuotaEntity,
  quotaFault,
  readEntity,
} from '../quota/quota-entity.ts'
import type { Flag } from './flags.ts'
import { UsageError } from './usage-error.ts'

type Names = 'user' | 'client-id' | 'ip'
type Defaults = `default-${Names}`

interface EntityFlags extends Record<Names, Flag & { readonly kind: 'value' }> {
  readonly 'default-user': Flag & { readonly kind: 'switch' }
  readonly 'default-client-id': Flag & { readonly kind: 'switch' }
  readonly 'default-ip': Flag & { readonly kind: 'switch' }
}

export const entityFlags: EntityFlags = {
  user: { kind: 'value', shape: 'NAME', doc: 'A user; ANONYMOUS without authentication' },
  'client-id': { kind: 'value', shape: 'NAME', doc: 'What clients call themselves (client.id)' },
  ip: { kind: 'value', shape: 'ADDRESS', doc: 'An address that connections come from' },
  'default-user': { kind: 'switch', doc: 'Each user without quotas of its own' },
  'default-client-id': { kind: 'switch', doc: 'Each client id without quotas of its own' },
  'default-ip': { kind: 'switch', doc: 'Each address without quotas of its own' },
}

export const quotaHelp: string = `Quotas: ${quotaKeys.slice(0, 2).join(', ')} (bytes a second),
request_percentage (of the broker's time, 100 is all of it), controller_mutation_rate (partitions
made and deleted a second); and, of an ip, connection_creation_rate (a second).`

type Given = { readonly [Name in Names]: string | undefined } & {
  readonly [Name in Defaults]: boolean
}

/** @throws UsageError flags that contradict each other, or make no entity. */
export function entityOfFlags(flags: Given): QuotaEntity | undefined {
  const parts = entityTypes.flatMap((type) => {
    const [name, isDefault] = [flags[type], flags[`default-${type}`]]
    if (name !== undefined && isDefault) {
      throw new UsageError(`--${type} and --default-${type} exclude each other`)
    }
    return name !== undefined || isDefault ? [{ type, name: name ?? null }] : []
  })
  if (parts.length === 0) return undefined
  const entity = readEntity(parts)
  if (typeof entity === 'string') throw new UsageError(entity)
  return entity
}

/** @throws UsageError no flag says whose quotas are meant. */
export function neededEntity(flags: Given): QuotaEntity {
  const entity = entityOfFlags(flags)
  if (entity !== undefined) return entity
  const names = Object.keys(entityFlags).map((name) => `--${name}`)
  throw new UsageError(`needs to know whose quotas: ${names.join(', ')}`)
}

/** @throws UsageError there is no such quota, or not of this entity, or not with this value. */
export function checkQuota(entity: QuotaEntity, key: string, value: number | undefined): void {
  const wrong = quotaFault(entity, key, value)
  if (wrong !== undefined) throw new UsageError(wrong)
}

/** For people: `client-id loader of each user`. */
export function entityName(entity: QuotaEntity): string {
  const part = (type: Names): string[] => {
    const name = entity[type]
    return name === undefined ? [] : [name === null ? `each ${type}` : `${type} ${name}`]
  }
  return [...part('client-id'), ...part('user'), ...part('ip')].join(' of ')
}
