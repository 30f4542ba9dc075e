/**
 * The next state of a group while it is being decided. It copies what it changes: the state before
 * stays whole.
 */
import { assert } from '../base/assert.ts'
import { DecisionDraft } from './decision.ts'
import type { GroupState, Member, Ticket } from './group-state.ts'
import type { ClassicStateName } from './listing.ts'

/** Where each state may be entered from. */
const sources: { readonly [Name in ClassicStateName]: readonly ClassicStateName[] } = {
  empty: ['preparing-rebalance'],
  'preparing-rebalance': ['empty', 'completing-rebalance', 'stable'],
  'completing-rebalance': ['preparing-rebalance'],
  stable: ['completing-rebalance'],
  dead: ['empty'],
}

export class Draft extends DecisionDraft<GroupState> {
  // The copies, once made: several changes of one decision share them.
  #members: Map<string, Member> | undefined
  #staticIds: Map<string, string> | undefined

  enter(name: ClassicStateName): void {
    assert(
      sources[name].includes(this.next.name),
      `group ${this.next.groupId} goes from ${this.next.name} to ${name}`,
    )
    this.change({ name, sinceMs: this.nowMs })
  }

  /** Everything but members, which have their own verbs. */
  change(
    fields: Partial<Omit<GroupState, 'groupId' | 'members' | 'staticIds' | 'waitingJoins'>>,
  ): void {
    this.next = { ...this.next, ...fields }
  }

  setMember(member: Member): void {
    const before = this.next.members.get(member.memberId)
    const waitingJoins =
      this.next.waitingJoins + countOf(member.joinTicket) - countOf(before?.joinTicket ?? null)
    this.#ownMembers().set(member.memberId, member)
    if (member.instanceId !== null && before?.instanceId !== member.instanceId) {
      this.#ownStaticIds().set(member.instanceId, member.memberId)
    }
    this.#setCounts(waitingJoins)
  }

  /** Forgets the id wherever it stands; another leads if it led. Does not answer what it waits for. */
  removeMember(memberId: string): void {
    const member = this.next.members.get(memberId)
    if (member !== undefined) {
      if (!member.isNew) this.persist()
      this.#ownMembers().delete(memberId)
      if (member.instanceId !== null) this.#ownStaticIds().delete(member.instanceId)
      this.#setCounts(this.next.waitingJoins - countOf(member.joinTicket))
    }
    if (this.next.leaderId === memberId) {
      const [first] = this.next.members.keys()
      this.change({ leaderId: first ?? null })
    }
    this.setPendingJoin(memberId, false)
    this.setPendingSync(memberId, false)
  }

  setPendingJoin(memberId: string, isPending: boolean): void {
    const changed = withMember(this.next.pendingJoins, memberId, isPending)
    if (changed !== undefined) this.change({ pendingJoins: changed })
  }

  setPendingSync(memberId: string, isPending: boolean): void {
    const changed = withMember(this.next.pendingSyncs, memberId, isPending)
    if (changed !== undefined) this.change({ pendingSyncs: changed })
  }

  #ownMembers(): Map<string, Member> {
    this.#members ??= new Map(this.next.members)
    return this.#members
  }

  #ownStaticIds(): Map<string, string> {
    this.#staticIds ??= new Map(this.next.staticIds)
    return this.#staticIds
  }

  #setCounts(waitingJoins: number): void {
    this.next = {
      ...this.next,
      waitingJoins,
      members: this.#members ?? this.next.members,
      staticIds: this.#staticIds ?? this.next.staticIds,
    }
  }
}

function countOf(ticket: Ticket | null): number {
  return ticket === null ? 0 : 1
}

/** The changed set; undefined where nothing changes. */
function withMember(
  set: ReadonlySet<string>,
  memberId: string,
  isWanted: boolean,
): Set<string> | undefined {
  if (set.has(memberId) === isWanted) return undefined
  const changed = new Set(set)
  if (isWanted) changed.add(memberId)
  else changed.delete(memberId)
  return changed
}
