/** What quotas are set on, which there are, and what may be set on what: as Kafka judges it. */
import { parseIp } from '../base/ip-address.ts'

export const entityTypes = ['user', 'client-id', 'ip'] as const
export type EntityType = (typeof entityTypes)[number]

/** A name by type; null is the default of the type: all who have none of their own. */
export type QuotaEntity = Readonly<Partial<Record<EntityType, string | null>>>

export type QuotaKey =
  | 'producer_byte_rate'
  | 'consumer_byte_rate'
  | 'request_percentage'
  | 'controller_mutation_rate'
  | 'connection_creation_rate'

/** The largest value of an integral quota; others may be any number above 0. */
const longMax = 2 ** 63
const intMax = 2_147_483_647

interface QuotaRule {
  readonly of: 'clients' | 'ips'
  readonly integralMax?: number
}

const quotaRules: Readonly<Record<QuotaKey, QuotaRule>> = {
  producer_byte_rate: { of: 'clients', integralMax: longMax },
  consumer_byte_rate: { of: 'clients', integralMax: longMax },
  request_percentage: { of: 'clients' },
  controller_mutation_rate: { of: 'clients' },
  connection_creation_rate: { of: 'ips', integralMax: intMax },
}

export const quotaKeys: readonly QuotaKey[] = Object.keys(quotaRules) as QuotaKey[]

/** Of a name in UTF-8: it is part of a key of the catalog. Client ids are rarely longer than 100. */
export const entityNameBytesMax = 1_024

/** How far a value may be from a whole number and still be taken for it, as in Kafka. */
const fractionMax = 1e-6

/** One text per entity, however its parts are ordered: the catalog's key. Persisted, keep stable. */
export function entityText(entity: QuotaEntity): string {
  return JSON.stringify(
    entityTypes.flatMap((type) => (entity[type] === undefined ? [] : [[type, entity[type]]])),
  )
}

/** The entity of a text that `entityText` made. */
export function entityOf(text: string): QuotaEntity {
  return Object.fromEntries(JSON.parse(text) as [EntityType, string | null][])
}

/** Takes what a client names apart, or says what is wrong with it. */
export function readEntity(
  parts: readonly { readonly type: string; readonly name: string | null }[],
): QuotaEntity | string {
  const entity: Partial<Record<EntityType, string | null>> = {}
  for (const { type, name } of parts) {
    if (!isEntityType(type)) return `there is no quota entity of type ${type}`
    if (entity[type] !== undefined) return `the entity has two parts of type ${type}`
    if (name === '') return `the ${type} has no name; the default is named by null`
    const byteLength = name === null ? 0 : Buffer.byteLength(name)
    if (byteLength > entityNameBytesMax) {
      return `the ${type} has ${byteLength} bytes, at most ${entityNameBytesMax} may be`
    }
    entity[type] = name
  }
  const { user, ip, 'client-id': clientId } = entity
  if (parts.length === 0) return 'the quota entity is empty'
  if (ip !== undefined && (user !== undefined || clientId !== undefined)) {
    return 'an ip is not combined with a user or a client-id'
  }
  if (typeof ip !== 'string') return entity
  const address = parseIp(ip)
  return address === undefined ? `${ip} is no IP address` : { ip: address }
}

export function isEntityType(type: string): type is EntityType {
  return (entityTypes as readonly string[]).includes(type)
}

function isQuotaKey(key: string): key is QuotaKey {
  return Object.hasOwn(quotaRules, key)
}

/** Why the quota cannot be set, or (`value` undefined) removed. */
export function quotaFault(
  entity: QuotaEntity,
  key: string,
  value: number | undefined,
): string | undefined {
  const of = entity.ip === undefined ? 'clients' : 'ips'
  if (!isQuotaKey(key) || quotaRules[key].of !== of) {
    const fitting = quotaKeys.filter((each) => quotaRules[each].of === of)
    return `${key} is no quota of ${of}; there are ${fitting.join(', ')}`
  }
  if (value === undefined) return undefined
  const { integralMax } = quotaRules[key]
  if (Number.isNaN(value) || value <= 0) return `${key} must be more than 0, got ${value}`
  if (integralMax === undefined) {
    return Number.isFinite(value) ? undefined : `${key} must be a finite number`
  }
  if (value > integralMax) return `${key} is at most ${integralMax}, got ${value}`
  if (value % 1 > fractionMax) return `${key} must be a whole number, got ${value}`
  return undefined
}
