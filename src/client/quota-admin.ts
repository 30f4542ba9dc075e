/** Quotas of clients, as an administrator reads and sets them. */
import {
  entityTypes,
  type EntityType,
  isEntityType,
  type QuotaEntity,
} from '../quota/quota-entity.ts'
import { describeClientQuotas } from '../wire/messages/48-describe-client-quotas.ts'
import { alterClientQuotas } from '../wire/messages/49-alter-client-quotas.ts'
import type { KafkaClient } from './kafka-client.ts'
import { expectNone } from './refusal.ts'

const matches = { exact: 0, default: 1 } as const

export interface SetQuotas {
  readonly entity: QuotaEntity
  readonly quotas: Readonly<Record<string, number>>
}

/**
 * The quotas of every entity that has the parts of `filter`; with `isExact` of the one that has no
 * others.
 *
 * @throws Refusal
 */
export function quotasOf(
  client: KafkaClient,
  filter: QuotaEntity,
  isExact: boolean,
): Promise<SetQuotas[]> {
  return client.retrying(async () => {
    const answer = await (
      await client.any()
    ).call(describeClientQuotas, {
      components: partsOf(filter).map(({ type, name }) => {
        const matchType = name === null ? matches.default : matches.exact
        return { entityType: type, matchType, match: name }
      }),
      strict: isExact,
    })
    expectNone('cannot read quotas', answer.errorCode, answer.errorMessage)
    return (answer.entries ?? []).map(({ entity, values }) => ({
      entity: Object.fromEntries(
        entity.flatMap(({ entityType, entityName }) =>
          isEntityType(entityType) ? [[entityType, entityName]] : [],
        ),
      ) as QuotaEntity,
      quotas: Object.fromEntries(values.map(({ key, value }) => [key, value])),
    }))
  })
}

/**
 * Sets quotas of one entity, or (undefined) removes them; with `dryRun` it is only judged.
 *
 * @throws Refusal nothing was changed: says what is allowed.
 */
export async function alterQuotasOf(
  client: KafkaClient,
  entity: QuotaEntity,
  change: Readonly<Record<string, number | undefined>>,
  dryRun: boolean,
): Promise<void> {
  const parts = partsOf(entity).map(({ type, name }) => ({ entityType: type, entityName: name }))
  const ops = Object.entries(change).map(([key, value]) => {
    return { key, value: value ?? 0, remove: value === undefined }
  })
  const answer = await (
    await client.any()
  ).call(alterClientQuotas, { entries: [{ entity: parts, ops }], validateOnly: dryRun })
  for (const { errorCode, errorMessage } of answer.entries) {
    expectNone('cannot change quotas', errorCode, errorMessage)
  }
}

function partsOf(
  entity: QuotaEntity,
): { readonly type: EntityType; readonly name: string | null }[] {
  return entityTypes.flatMap((type) => {
    const name = entity[type]
    return name === undefined ? [] : [{ type, name }]
  })
}
