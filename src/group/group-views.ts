/**
 * Groups as administrators see them: from memory where this broker coordinates them, else from the
 * catalog.
 */
import { isFailure } from '../base/errors.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { consumerGroups } from '../catalog/schema.ts'
import type { ConsumerGroupRow } from '../catalog/schema.ts'
import { groupLimits } from './config.ts'
import { metadataOf, noBytes } from './group-state.ts'
import type { GroupState } from './group-state.ts'
import { consumerStateName } from './consumer/consumer-state.ts'
import type { AnyGroupState } from './decision.ts'
import { refused } from './refusal.ts'
import type { DescribedGroup, DescribeResult, ListFilter, ListedGroup } from './listing.ts'
import { fromRow } from './stored-group.ts'

export function describeClassic(state: AnyGroupState): DescribeResult {
  if (state.type === 'classic') return describeGroup(state)
  const { groupId } = state
  return { ...refused('group-not-found', `Group ${groupId} is not a classic group.`), groupId }
}

function describeGroup(state: GroupState): DescribedGroup {
  const isStable = state.name === 'stable'
  return {
    outcome: 'described',
    groupId: state.groupId,
    state: state.name,
    protocolType: state.protocolType ?? '',
    protocolName: isStable ? (state.protocolName ?? '') : '',
    members: Array.from(state.members.values(), (member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: isStable ? metadataOf(member, state.protocolName) : noBytes,
      assignment: member.assignment,
    })),
  }
}

/** A group whose row cannot be read is listed as dead, so that it is seen. */
export function listGroup(state: AnyGroupState | 'corrupt', row: ConsumerGroupRow): ListedGroup {
  const { groupId } = row
  if (state === 'corrupt') {
    return { groupId, protocolType: row.protocolType, state: 'dead', type: 'classic' }
  }
  const { type } = state
  if (type === 'consumer') {
    return { groupId, protocolType: 'consumer', state: consumerStateName(state), type }
  }
  return { groupId, protocolType: state.protocolType ?? '', state: state.name, type }
}

export function isListed(group: ListedGroup, { states, types }: ListFilter): boolean {
  if (states.length > 0 && !states.includes(group.state)) return false
  return types.length === 0 || types.includes(group.type)
}

/** One group that cannot be read must not hide the others. */
export function readRow(row: ConsumerGroupRow): AnyGroupState | 'corrupt' {
  try {
    return fromRow(row)
  } catch (error) {
    if (isFailure(error, 'corrupt')) return 'corrupt'
    throw error
  }
}

/** One per id, in order; so many at once that others come in between. @throws Failure 'unavailable' */
export async function readGroups(
  database: CatalogDatabase,
  groupIds: readonly string[],
): Promise<(AnyGroupState | 'corrupt' | undefined)[]> {
  const found: (AnyGroupState | 'corrupt' | undefined)[] = []
  for (let at = 0; at < groupIds.length; at += groupLimits.groupsPerPage) {
    const keys = groupIds.slice(at, at + groupLimits.groupsPerPage).map((groupId) => [groupId])
    const rows = await database.snapshot('describe groups', (tx) => tx.get(consumerGroups, keys))
    found.push(...rows.map((row) => (row === undefined ? undefined : readRow(row))))
  }
  return found
}

/** The rows of all groups in order of their ids, page by page, each page read when it is asked for. */
export async function* pagesOfGroups(
  database: CatalogDatabase,
): AsyncGenerator<readonly ConsumerGroupRow[]> {
  const limit = groupLimits.groupsPerPage
  let last: string | undefined
  for (;;) {
    const after = last === undefined ? {} : { after: [last] }
    const rows = await database.snapshot('page of groups', (tx) =>
      tx.scan(consumerGroups, { prefix: [], limit, ...after }),
    )
    yield rows
    last = rows.at(-1)?.groupId
    if (rows.length < limit || last === undefined) return
  }
}
