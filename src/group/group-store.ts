/**
 * Groups in the catalog. Who takes one over raises its row's epoch: writes under an older one are
 * refused (C2).
 */
import { Failure } from '../base/errors.ts'
import type { CatalogDatabase, Transaction } from '../catalog/database.ts'
import { consumerGroups } from '../catalog/schema.ts'
import type { ConsumerGroupRow } from '../catalog/schema.ts'
import type { AnyGroupState } from './decision.ts'
import { emptyGroup } from './group-state.ts'
import { fromRow, toRow } from './stored-group.ts'

export interface OwnedGroup {
  readonly state: AnyGroupState
  readonly coordinatorEpoch: number
}

export class GroupStore {
  readonly #database: CatalogDatabase

  constructor(database: CatalogDatabase) {
    this.#database = database
  }

  /**
   * Takes the group over; undefined where there is none and `canCreate` is false.
   *
   * @throws Failure 'corrupt' | 'unavailable' | 'unknown-outcome': at worst its epoch is raised;
   *   try again.
   */
  takeOver(groupId: string, canCreate: boolean, nowMs: number): Promise<OwnedGroup | undefined> {
    return this.#database.transaction('take group over', async (tx) => {
      const [row] = await tx.lock(consumerGroups, [[groupId]], 'exclusive')
      if (row !== undefined) {
        const coordinatorEpoch = row.coordinatorEpoch + 1
        const state = fromRow(row)
        await tx.put(consumerGroups, [{ ...row, coordinatorEpoch }])
        return { state, coordinatorEpoch }
      }
      if (!canCreate) return undefined
      // Time as the first epoch: a group of this name that was deleted had a lower one.
      const owned = { state: emptyGroup(groupId, nowMs), coordinatorEpoch: nowMs }
      const [inserted] = await tx.insert(consumerGroups, [toRow(owned.state, nowMs)])
      if (inserted === true) return owned
      throw new Failure('unavailable', `group ${groupId} is being made by another: try again`)
    })
  }

  /**
   * Resolves when the state is durable.
   *
   * @throws Failure 'fenced': another has taken the group over or it is deleted. 'unavailable' |
   *   'unknown-outcome'.
   */
  save(state: AnyGroupState, coordinatorEpoch: number): Promise<void> {
    return this.#database.transaction('save group', async (tx) => {
      await lockOwn(tx, state.groupId, coordinatorEpoch)
      await tx.put(consumerGroups, [toRow(state, coordinatorEpoch)])
    })
  }
}

/** The group's row, held until the transaction ends. @throws Failure 'fenced' */
export async function lockOwn(
  tx: Transaction,
  groupId: string,
  coordinatorEpoch: number,
): Promise<ConsumerGroupRow> {
  const [row] = await tx.lock(consumerGroups, [[groupId]], 'exclusive')
  if (row !== undefined && row.coordinatorEpoch === coordinatorEpoch) return row
  const found = row === undefined ? 'it is deleted' : `its epoch is ${row.coordinatorEpoch}`
  throw new Failure('fenced', `group ${groupId}: ours was ${coordinatorEpoch}, ${found}`)
}
