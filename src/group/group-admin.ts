/** What administrators see of groups, and their deletion. */
import type { Log } from '../base/log.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { orRefused } from './catalog-refusal.ts'
import { describeConsumer } from './consumer/consumer-views.ts'
import type { DescribeConsumerResult } from './consumer/consumer-views.ts'
import type { AnyGroupState } from './decision.ts'
import { flawOfMemberGroup } from './flaw-of-group.ts'
import type { GroupDirectory } from './group-directory.ts'
import { hasNobody } from './group-mailbox.ts'
import {
  describeClassic,
  isListed,
  listGroup,
  pagesOfGroups,
  readGroups,
  readRow,
} from './group-views.ts'
import type {
  DeletedGroup,
  DescribeResult,
  ListedGroup,
  ListFilter,
  ListResult,
  RefusedGroup,
} from './listing.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'
import { deleteGroup } from './removal.ts'

export interface GroupAdminParts {
  readonly database: CatalogDatabase
  readonly log: Log
  readonly groups: GroupDirectory
}

export class GroupAdmin {
  readonly #parts: GroupAdminParts

  constructor(parts: GroupAdminParts) {
    this.#parts = parts
  }

  /** Classic groups, one per id, in order. */
  describe(groupIds: readonly string[]): Promise<DescribeResult[]> {
    return this.#describe(groupIds, describeClassic)
  }

  /** Consumer groups, one per id, in order. */
  async describeConsumer(groupIds: readonly string[]): Promise<DescribeConsumerResult[]> {
    const found = await this.#describe(groupIds, describeConsumer)
    return found.map((each) => {
      const flaw = flawOfMemberGroup(each.groupId)
      return flaw === undefined ? each : { ...flaw, groupId: each.groupId }
    })
  }

  /**
   * Groups that this broker coordinates, in order of their ids: whoever wants all asks all brokers.
   */
  list(filter: ListFilter): Promise<ListResult> {
    return orRefused(this.#parts.log, 'list groups', async () => {
      const groups: ListedGroup[] = []
      for await (const rows of pagesOfGroups(this.#parts.database)) {
        for (const row of rows) {
          if (this.#parts.groups.notOwn(row.groupId) !== undefined) continue
          const listed = listGroup(this.#parts.groups.peek(row.groupId)?.state ?? readRow(row), row)
          if (isListed(listed, filter)) groups.push(listed)
        }
      }
      return { outcome: 'listed', groups }
    })
  }

  /** Deletes groups without members, with their offsets; one answer per id, in order. */
  async delete(groupIds: readonly string[]): Promise<DeletedGroup[]> {
    const deleted: DeletedGroup[] = []
    for (const groupId of groupIds) {
      const refusal = await this.#delete(groupId)
      deleted.push({ groupId, refusal: refusal?.reason ?? null, detail: refusal?.detail ?? '' })
    }
    return deleted
  }

  async #describe<Described>(
    groupIds: readonly string[],
    describe: (state: AnyGroupState) => Described,
  ): Promise<(Described | RefusedGroup)[]> {
    const isAbsent = (groupId: string): boolean => this.#parts.groups.peek(groupId) === undefined
    const absent = [...new Set(groupIds.filter(isAbsent))]
    const read = (): ReturnType<typeof readGroups> => readGroups(this.#parts.database, absent)
    const stored = await orRefused(this.#parts.log, 'describe groups', read)
    const isRead = !('outcome' in stored)
    const rows = new Map(isRead ? absent.map((groupId, at) => [groupId, stored[at]]) : [])
    return groupIds.map((groupId) => {
      const known = this.#parts.groups.peek(groupId)?.state
      if (known !== undefined) return describe(known)
      if (!isRead) return { ...stored, groupId }
      const elsewhere = this.#parts.groups.notOwn(groupId)
      if (elsewhere !== undefined) return { ...elsewhere, groupId }
      const found = rows.get(groupId)
      if (found === 'corrupt') {
        return { ...refused('unavailable', `the catalog's row of ${groupId} is corrupt`), groupId }
      }
      if (found !== undefined) return describe(found)
      return { ...refused('group-not-found', `Group ${groupId} not found.`), groupId }
    })
  }

  async #delete(groupId: string): Promise<Refused | undefined> {
    const group = await this.#parts.groups.find(groupId, false)
    if (group === undefined) return refused('group-not-found', `there is no group ${groupId}`)
    if ('outcome' in group) return group
    return orRefused(this.#parts.log, 'delete group', () =>
      group.turn(async (state) => {
        if (state.type === 'classic' ? state.name !== 'empty' : !hasNobody(state)) {
          const value = refused('group-not-empty', `group ${groupId} has members`)
          return { value, isDeleted: false }
        }
        await deleteGroup(this.#parts.database, groupId, group.coordinatorEpoch)
        return { value: undefined, isDeleted: true }
      }),
    )
  }
}
