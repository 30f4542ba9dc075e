/** From subscriptions and topics to what everybody is to have. */
import { crc32c } from '../../base/crc32c.ts'
import { assignors, type AssignorName } from './assignor.ts'
import type { AssignorMember } from './assignor-input.ts'
import type { ConsumerDraft } from './consumer-draft.ts'
import { patternsOf } from './consumer-state.ts'
import type { ConsumerGroupState, ConsumerMember } from './consumer-state.ts'
import { noPartitions } from './partition-sets.ts'
import type { GroupSurroundings, ViewedTopic } from './topic-view.ts'

/**
 * Raises the group's epoch where topics that it is subscribed to were made, grown or deleted since
 * the last look. Every heartbeat looks, so nobody has to be told of topics.
 */
export function lookAtTopics(draft: ConsumerDraft): void {
  const { state, around } = draft
  const serials = patternsOf(state).map((pattern) => around.patterns.serial(pattern))
  const lookedAt = [around.topics.version, ...serials].join(' ')
  if (lookedAt === state.lookedAt) return
  draft.note({ lookedAt })
  // A target that is due is made from the topics as they are.
  if (state.epoch > state.assignmentEpoch) return
  if (topicsDigest(subscribedTopics(state, around)) !== state.topicsSeen) draft.raiseEpoch()
}

/**
 * Makes the target of the present epoch, unless it is there or the one before is too young: the
 * next heartbeat that comes late enough makes it then.
 */
export function makeTarget(draft: ConsumerDraft): void {
  const { state, around, config } = draft
  if (state.epoch === state.assignmentEpoch || isTooSoon(draft)) return
  const topics = subscribedTopics(state, around)
  const members = Array.from(state.members.values(), (member): AssignorMember => {
    const names = namesOf(member, around)
    const ids = names.flatMap((name) => topics.get(name)?.topicId ?? [])
    const before = state.target.get(member.memberId) ?? noPartitions
    return {
      memberId: member.memberId,
      instanceId: member.instanceId,
      topicIds: new Set(ids),
      before,
    }
  })
  const partitionCounts = new Map<string, number>()
  for (const { topicId, partitionCount } of topics.values()) {
    partitionCounts.set(topicId, partitionCount)
  }
  const assignor = preferredAssignor(state, config.consumerAssignors)
  draft.setTarget(assignors[assignor]({ members, partitionCounts }))
  const topicsSeen = topicsDigest(topics)
  // An empty one delays nobody.
  const assignedMs = members.length === 0 ? 0 : draft.nowMs
  draft.change({ assignor, assignmentEpoch: state.epoch, assignedMs, topicsSeen })
}

function isTooSoon({ state, config, nowMs }: ConsumerDraft): boolean {
  if (state.members.size === 0) return false
  const elapsedMs = nowMs - state.assignedMs
  // A clock that was set back delays nobody for longer.
  return elapsedMs >= 0 && elapsedMs < config.consumerAssignmentIntervalMs
}

/** The one that most members ask for; the broker's first where nobody asks. */
function preferredAssignor(
  { members }: ConsumerGroupState,
  allowed: readonly AssignorName[],
): AssignorName {
  const votes = new Map<AssignorName, number>()
  for (const { assignor } of members.values()) {
    if (assignor !== null) votes.set(assignor, (votes.get(assignor) ?? 0) + 1)
  }
  let found: AssignorName | undefined
  for (const name of allowed) {
    const count = votes.get(name) ?? 0
    if (count > 0 && (found === undefined || count > (votes.get(found) ?? 0))) found = name
  }
  return found ?? allowed[0] ?? 'uniform'
}

/** Names that the member is subscribed to, by name or by pattern. */
export function namesOf(member: ConsumerMember, { patterns }: GroupSurroundings): string[] {
  const { topicNames, topicPattern } = member
  if (topicPattern === null) return [...topicNames]
  return [...new Set([...topicNames, ...patterns.matching(topicPattern)])]
}

/** Topics that exist and that anyone is subscribed to, by name, in order of their names. */
function subscribedTopics(
  { members }: ConsumerGroupState,
  around: GroupSurroundings,
): Map<string, ViewedTopic> {
  const names = new Set<string>()
  const patterns = new Set<string>()
  for (const { topicNames, topicPattern } of members.values()) {
    for (const name of topicNames) names.add(name)
    if (topicPattern !== null) patterns.add(topicPattern)
  }
  for (const pattern of patterns) {
    for (const name of around.patterns.matching(pattern)) names.add(name)
  }
  const topics = new Map<string, ViewedTopic>()
  for (const name of [...names].toSorted()) {
    const topic = around.topics.byName(name)
    if (topic !== undefined) topics.set(name, topic)
  }
  return topics
}

/** Two that differ are told apart but once in four thousand million. */
function topicsDigest(topics: ReadonlyMap<string, ViewedTopic>): string {
  const lines = Array.from(topics.values(), ({ topicId, partitionCount }) => {
    return `${topicId} ${partitionCount}\n`
  })
  if (topics.size === 0) return ''
  return `${topics.size} ${crc32c(Buffer.from(lines.join('')))}`
}
