/**
 * The groups that this broker coordinates: taken over at the first request, forgotten when empty
 * and room is needed.
 */
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Coordination } from '../fleet/cluster-view.ts'
import { groupLimits } from './config.ts'
import type { GroupSurroundings } from './consumer/topic-view.ts'
import type { GroupConfig } from './config.ts'
import { flawOfGroup, flawOfMemberGroup } from './flaw-of-group.ts'
import { GroupMailbox } from './group-mailbox.ts'
import { GroupMemory } from './group-memory.ts'
import type { GroupStore } from './group-store.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

export interface DirectoryParts {
  readonly store: GroupStore
  readonly clock: Clock
  /** Of one group, as it is now. */
  readonly configOf: (groupId: string) => GroupConfig
  /** Of all groups: group.memory.bytes. */
  readonly memoryBytesMax: number
  readonly around: GroupSurroundings
  readonly log: Log
  /** Whether this broker may coordinate the group now. */
  readonly coordination: (groupId: string) => Coordination
}

type Found = GroupMailbox | Refused | undefined

/** How many groups are looked at for one that can be forgotten. */
const evictionProbes = 64

export class GroupDirectory {
  readonly #parts: DirectoryParts
  readonly #groups = new Map<string, GroupMailbox>()
  readonly #loads = new Map<string, Promise<Found>>()
  readonly #memory: GroupMemory
  #isClosed = false

  constructor(parts: DirectoryParts) {
    this.#parts = parts
    this.#memory = new GroupMemory(parts.memoryBytesMax)
  }

  /** Groups in memory. */
  get size(): number {
    return this.#groups.size
  }

  /** The group if it is in memory. */
  peek(groupId: string): GroupMailbox | undefined {
    return this.#groups.get(groupId)
  }

  /** The group; undefined where there is none and `canCreate` is false. */
  async find(groupId: string, canCreate: boolean): Promise<Found> {
    const flaw = flawOfGroup(groupId)
    if (flaw !== undefined) return flaw
    for (;;) {
      if (this.#isClosed) return closing
      const elsewhere = this.notOwn(groupId)
      if (elsewhere !== undefined) return elsewhere
      const known = this.#groups.get(groupId)
      if (known !== undefined) return known
      const load = this.#loads.get(groupId)
      if (load === undefined) return this.#startLoad(groupId, canCreate)
      const found = await load
      // One who may not create has found nothing: that says nothing to one who may.
      if (found !== undefined || !canCreate) return found
    }
  }

  /** The group of one who says to be its member; '' is none. */
  findOfMember(groupId: string): Promise<Found> {
    const flaw = flawOfMemberGroup(groupId)
    return flaw === undefined ? this.find(groupId, false) : Promise.resolve(flaw)
  }

  /** Why this broker says nothing of the group; undefined where it may. */
  notOwn(groupId: string): Refused | undefined {
    switch (this.#parts.coordination(groupId)) {
      case 'own':
        return undefined
      case 'other':
        return moved
      case 'unsure':
        return unsure
    }
  }

  /** Others have some of the groups now: their members find that out when they ask. */
  release(): void {
    for (const [groupId, group] of this.#groups) {
      if (this.#parts.coordination(groupId) === 'other') group.close(moved)
    }
  }

  close(): void {
    this.#isClosed = true
    for (const group of this.#groups.values()) group.close()
  }

  #startLoad(groupId: string, canCreate: boolean): Promise<Found> {
    const load = this.#load(groupId, canCreate).finally(() => this.#loads.delete(groupId))
    this.#loads.set(groupId, load)
    return load
  }

  async #load(groupId: string, canCreate: boolean): Promise<Found> {
    const { store, clock, log } = this.#parts
    if (!this.#makeRoom()) {
      return refused('unavailable', `${groupLimits.groupsMax} groups are active on this broker`)
    }
    try {
      const owned = await store.takeOver(groupId, canCreate, clock.nowMs())
      if (owned === undefined) return undefined
      if (this.#isClosed) return closing
      const onEnd = (): void => {
        if (this.#groups.get(groupId) === mailbox) this.#groups.delete(groupId)
      }
      const config = (): GroupConfig => this.#parts.configOf(groupId)
      const mailbox: GroupMailbox = new GroupMailbox(owned, {
        ...this.#parts,
        config,
        memory: this.#memory,
        onEnd,
      })
      this.#groups.set(groupId, mailbox)
      return mailbox
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      log.warn({ groupId, error }, 'a group could not be loaded')
      return refused('unavailable', 'the catalog did not answer: try again')
    }
  }

  #makeRoom(): boolean {
    if (this.#groups.size + this.#loads.size < groupLimits.groupsMax) return true
    let probes = 0
    for (const [groupId, group] of this.#groups) {
      if (group.isIdle) {
        group.close()
        return true
      }
      // To the end of the line, so that the next search begins with others.
      this.#groups.delete(groupId)
      this.#groups.set(groupId, group)
      if (++probes === evictionProbes) return false
    }
    return false
  }
}

const moved = refused('not-coordinator', 'another broker coordinates the group: find it anew')
const unsure = refused(
  'unavailable',
  'the catalog does not answer: it is not known who coordinates',
)
const closing = refused('not-coordinator', 'the broker stops: find the new coordinator')
