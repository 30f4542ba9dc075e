/** The next state of a consumer group while it is being decided; the state before stays whole. */
import type { GroupConfig } from '../config.ts'
import { DecisionDraft } from '../decision.ts'
import type { ConsumerGroupState, ConsumerMember } from './consumer-state.ts'
import { has, type PartitionSets } from './partition-sets.ts'
import type { GroupSurroundings } from './topic-view.ts'

export class ConsumerDraft extends DecisionDraft<ConsumerGroupState> {
  readonly around: GroupSurroundings
  // The copies, once made: several changes of one decision share them.
  #members: Map<string, ConsumerMember> | undefined
  #target: Map<string, PartitionSets> | undefined
  #owners: Owners | undefined

  constructor(
    state: ConsumerGroupState,
    config: GroupConfig,
    nowMs: number,
    around: GroupSurroundings,
  ) {
    super(state, config, nowMs)
    this.around = around
  }

  /** Everything but members and target, which have their own verbs. */
  change(fields: Partial<Omit<ConsumerGroupState, 'groupId' | 'members' | 'target'>>): void {
    this.next = { ...this.next, ...fields }
    this.persist()
  }

  /** As `change`, of what is not written. */
  note(fields: Pick<ConsumerGroupState, 'lookedAt'>): void {
    this.next = { ...this.next, ...fields }
  }

  /** Who is subscribed to what has changed: a new target is due. */
  raiseEpoch(): void {
    this.change({ epoch: this.next.epoch + 1 })
  }

  setMember(member: ConsumerMember): void {
    const before = this.next.members.get(member.memberId)
    this.#members ??= new Map(this.next.members)
    this.#members.set(member.memberId, member)
    this.change({ ...releasesAfter(this.next, before, member) })
    this.#put()
  }

  removeMember(memberId: string): void {
    const before = this.next.members.get(memberId)
    if (before === undefined) return
    this.#members ??= new Map(this.next.members)
    this.#members.delete(memberId)
    this.#target ??= new Map(this.next.target)
    this.#target.delete(memberId)
    this.change({ sinceMs: this.nowMs, ...releasesAfter(this.next, before, undefined) })
    this.#put()
    for (const key of memberTimers) this.cancelTimer(`${key}:${memberId}`)
  }

  setTarget(target: ReadonlyMap<string, PartitionSets>): void {
    this.#target = new Map(target)
    this.change({})
    this.#put()
  }

  /** Whether a member other than this one still has the partition, or has not given it up. */
  isHeldByOther(memberId: string, topicId: string, partition: number): boolean {
    this.#owners ??= ownersOf(this.next)
    const owner = this.#owners.get(topicId)?.get(partition)
    return owner !== undefined && owner !== memberId
  }

  #put(): void {
    this.#owners = undefined
    this.next = {
      ...this.next,
      members: this.#members ?? this.next.members,
      target: this.#target ?? this.next.target,
    }
  }
}

/** Timers that a member may have. */
const memberTimers = ['session', 'revoke', 'rejoin', 'resync'] as const

type Owners = ReadonlyMap<string, ReadonlyMap<number, string>>

function ownersOf({ members }: ConsumerGroupState): Owners {
  const owners = new Map<string, Map<number, string>>()
  for (const { memberId, assigned, revoking } of members.values()) {
    for (const sets of [assigned, revoking]) {
      for (const [topicId, partitions] of sets) {
        let own = owners.get(topicId)
        if (own === undefined) owners.set(topicId, (own = new Map()))
        for (const partition of partitions) own.set(partition, memberId)
      }
    }
  }
  return owners
}

/** A partition that the member had and has not any more is free. */
function releasesAfter(
  { releases }: ConsumerGroupState,
  before: ConsumerMember | undefined,
  after: ConsumerMember | undefined,
): { readonly releases?: number } {
  for (const sets of [before?.assigned, before?.revoking]) {
    for (const [topicId, partitions] of sets ?? []) {
      for (const partition of partitions) {
        if (after !== undefined && has(after.assigned, topicId, partition)) continue
        if (after !== undefined && has(after.revoking, topicId, partition)) continue
        return { releases: releases + 1 }
      }
    }
  }
  return {}
}
