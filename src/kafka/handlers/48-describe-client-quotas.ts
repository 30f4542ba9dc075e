/**
 * DescribeClientQuotas, versions 0 to 1 (KIP-546): the entities that a filter takes, with what they
 * set. A filter that is not strict takes entities with more parts than it names.
 */
import { entityTypes, isEntityType, type QuotaEntity } from '../../quota/quota-entity.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  describeClientQuotas,
  type DescribeClientQuotasReply,
  type DescribeClientQuotasRequest,
} from '../../wire/messages/48-describe-client-quotas.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { fault, isFault, repeated, type TopicFault } from '../topic-rules.ts'

type Component = DescribeClientQuotasRequest['components'][number]

/** How a component matches, by Kafka's numbers. */
const exact = 0
const byDefault = 1
const anyName = 2

export function describeClientQuotasHandler({ quotas }: Broker): Handler {
  return handler(describeClientQuotas, async ({ components, strict }) => {
    const wrong = componentsFault(components)
    if (wrong !== undefined) return { response: { ...wrong, entries: null } }
    const found = quotas.all().filter(({ entity }) => takes(components, strict, entity))
    const entries: DescribeClientQuotasReply['entries'] = found.map(({ entity, values }) => ({
      entity: toParts(entity),
      values: Object.entries(values).map(([key, value]) => ({ key, value })),
    }))
    return { response: { errorCode: ErrorCode.NONE, errorMessage: '', entries } }
  })
}

function componentsFault(components: readonly Component[]): TopicFault | undefined {
  for (const component of components) {
    const wrong = componentFault(component)
    if (isFault(wrong ?? 0)) return wrong
  }
  const types = components.map(({ entityType }) => entityType)
  const [twice] = repeated(types)
  if (twice !== undefined) {
    return fault(ErrorCode.INVALID_REQUEST, `the filter names the entity type ${twice} twice`)
  }
  if (!types.includes('ip') || types.length === 1) return undefined
  return fault(ErrorCode.INVALID_REQUEST, 'an ip is not combined with a user or a client-id')
}

function componentFault({ entityType, matchType, match }: Component): TopicFault | undefined {
  if (entityType === '') return fault(ErrorCode.INVALID_REQUEST, 'the entity type is empty')
  if (!isEntityType(entityType)) {
    const message = `there is no quota entity of type ${entityType}`
    return fault(ErrorCode.UNSUPPORTED_VERSION, message)
  }
  if (matchType < exact || matchType > anyName) {
    return fault(ErrorCode.INVALID_REQUEST, `there is no match type ${matchType}`)
  }
  if ((matchType === exact) === (match !== null)) return undefined
  const needs = matchType === exact ? 'needs a name to match' : 'takes no name to match'
  return fault(ErrorCode.INVALID_REQUEST, `match type ${matchType} ${needs}`)
}

function takes(components: readonly Component[], strict: boolean, entity: QuotaEntity): boolean {
  if (strict && Object.keys(entity).length !== components.length) return false
  return components.every(({ entityType, matchType, match }) => {
    const name = isEntityType(entityType) ? entity[entityType] : undefined
    if (name === undefined) return false
    return matchType === anyName || name === (matchType === byDefault ? null : match)
  })
}

function toParts(entity: QuotaEntity): { entityType: string; entityName: string | null }[] {
  return entityTypes.flatMap((entityType) => {
    const entityName = entity[entityType]
    return entityName === undefined ? [] : [{ entityType, entityName }]
  })
}
