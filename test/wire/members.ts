/** Groups as a set-up: members that joined, offsets that were committed, configs that were set. */
import { encodeAssignment, encodeSubscription } from '../../src/wire/consumer-protocol.ts'
import { offsetCommit } from '../../src/wire/messages/08-offset-commit.ts'
import { joinGroup } from '../../src/wire/messages/11-join-group.ts'
import { syncGroup } from '../../src/wire/messages/14-sync-group.ts'
import { incrementalAlterConfigs } from '../../src/wire/messages/44-incremental-alter-configs.ts'
import type { Scenario } from './scenario.ts'

export interface Member {
  readonly groupId: string
  readonly memberId: string
  readonly generationId: number
}

/** What each case changes in parts. */
interface Joining {
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly memberId: string
  readonly protocolType: string
  readonly protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[]
}

export const subscribed = (...topics: string[]): Uint8Array =>
  encodeSubscription(1, { topics, userData: null })

/** What a member joins with, unless a case says otherwise. */
export const joining = (groupId: string): Joining => ({
  groupId,
  sessionTimeoutMs: 30_000,
  rebalanceTimeoutMs: 30_000,
  memberId: '',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: subscribed('t') }],
})

/** A group of one member, which leads it; its generation waits for SyncGroup. */
export async function joined(
  scenario: Scenario,
  groupId: string,
  more: { groupInstanceId?: string; protocolType?: string } = {},
): Promise<Member> {
  const input = { ...joining(groupId), ...more }
  const first = await scenario.tell(joinGroup, 5, input)
  const memberId = first.memberId
  const isKnown = first.errorCode === 0
  const answer = isKnown ? first : await scenario.tell(joinGroup, 5, { ...input, memberId })
  if (answer.errorCode !== 0) throw new Error(`JoinGroup: error ${answer.errorCode}`)
  return { groupId, memberId, generationId: answer.generationId }
}

/** The same, and it has its assignment. */
export async function stable(
  scenario: Scenario,
  groupId: string,
  more: { groupInstanceId?: string; protocolType?: string } = {},
): Promise<Member> {
  const member = await joined(scenario, groupId, more)
  const assignedPartitions = [{ topic: 't', partitions: [0] }]
  const assignment = encodeAssignment(1, { assignedPartitions, userData: null })
  const assignments = [{ memberId: member.memberId, assignment }]
  const { errorCode } = await scenario.tell(syncGroup, 3, { ...member, assignments })
  if (errorCode !== 0) throw new Error(`SyncGroup: error ${errorCode}`)
  return member
}

/** Commits for a group without members. */
export async function committed(
  scenario: Scenario,
  groupId: string,
  name: string,
  offsets: readonly number[] = [5],
): Promise<void> {
  const partitions = offsets.map((committedOffset, partitionIndex) => {
    return { partitionIndex, committedOffset, committedLeaderEpoch: 0, committedMetadata: 'm' }
  })
  const request = { groupId, memberId: '', topics: [{ name, partitions }] }
  const { topics } = await scenario.tell(offsetCommit, 7, request)
  const bad = topics[0]?.partitions.find(({ errorCode }) => errorCode !== 0)
  if (bad !== undefined) throw new Error(`OffsetCommit: error ${bad.errorCode}`)
}

/** Sets configs of a group, and waits until Kafka's coordinator knows of them. */
export async function setGroupConfigs(
  scenario: Scenario,
  groupId: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const configs = Object.entries(settings).map(([name, value]) => {
    return { name, configOperation: 0, value }
  })
  const resources = [{ resourceType: 32, resourceName: groupId, configs }]
  await scenario.tell(incrementalAlterConfigs, 1, { resources, validateOnly: false })
  await scenario.settle()
}
