/** Items of the checklist on how the stream runs: what the cluster shows, and what was tried. */
import { durationText } from '../../base/duration-text.ts'
import { quarantineOf } from '../store/wanted.ts'
import { type Case, type CheckItem, durationSaid, Judging } from './check-item.ts'
import type { ClusterFacts } from './stream-facts.ts'

const askBrokers = 'ask the brokers: --bootstrap'

/** Kafka Connect names the groups of its sinks so. */
const sinksIn = ({ groups }: ClusterFacts): string[] =>
  groups.map(({ groupId }) => groupId).filter((groupId) => groupId.startsWith('connect-'))

/** Items that nobody but who has tried it can tell. */
type TriedItem = 'old-shapes' | 'backfill' | 'transactions' | 'failure-drill' | 'cost'

const tried: Readonly<Record<TriedItem, readonly [title: string, todo: string]>> = {
  'old-shapes': [
    'every shape that is in the log can be decoded',
    'read all of it with the contract: karst contract test FILE --against TOPIC',
  ],
  backfill: [
    'a backfill beside the tail was measured',
    'measure how fast old records are read while the tail stays fresh',
  ],
  transactions: [
    'settings of transactions and idempotence are verified',
    'verify acks, idempotence, isolation and timeouts of producers and readers',
  ],
  'failure-drill': [
    'a broker has failed on purpose',
    'kill a broker under load and count what was acknowledged',
  ],
  cost: ['what it costs is known, replays too', 'work out the cost of a month and a replay'],
}

export function triedItem(item: TriedItem, given: Case): CheckItem {
  const [title, todo] = tried[item]
  const it = new Judging(item, title, given)
  it.needsEvidence(item, todo)
  return it.outcome
}

export function headersItem(given: Case): CheckItem {
  const title = 'headers survive in every sink that needs them'
  const it = new Judging('header-survival', title, given)
  const { contract, cluster } = given.facts
  const placed = (contract?.contract.facts ?? []).filter((fact) => fact.in === 'header')
  const isCloudEvent = contract?.contract.enforcement.encoding === 'cloudevents'
  if (contract !== undefined && placed.length === 0 && !isCloudEvent) {
    it.saw('facts in headers', 'none')
    return it.outcome
  }
  it.saw('facts in headers', placed.map(({ fact }) => fact).join(', ') || 'not declared')
  const todo = 'read records back from the sink and compare their headers'
  const sinks = cluster === undefined ? [] : sinksIn(cluster)
  for (const sink of sinks) it.needsEvidence('header-survival', todo, sink)
  if (sinks.length === 0) it.needsEvidence('header-survival', todo)
  if (cluster === undefined) it.cannotKnow(`${askBrokers}: which sinks there are`)
  return it.outcome
}

export function freshnessItem(given: Case): CheckItem {
  const it = new Judging(
    'freshness',
    'how fresh it must be is said, and somebody is alerted',
    given,
  )
  const { contract } = given.facts
  const declared = contract?.contract.operations.freshnessMs
  it.wants('freshness', durationSaid(declared), 'declare the latency: slaProperties')
  it.needsEvidence('lag-alert', 'let an alert on the lag go off once')
  return it.outcome
}

/** The window must hold all that the slowest group has not read, and the time it needs for it. */
export function replayItem(given: Case): CheckItem {
  const title = 'the replay window is longer than the slowest group takes to recover'
  const it = new Judging('replay-window', title, given)
  const { contract, cluster } = given.facts
  const windowMs = contract?.contract.operations.replayMs
  it.wants('window', durationSaid(windowMs), 'declare ai.replay: {windowDays: …}')
  const recovery = it.needsEvidence('recovery-time', 'measure how long the slowest group takes')
  const takesMs = recovery?.durationMs
  if (takesMs !== undefined && windowMs !== undefined && takesMs > windowMs) {
    it.lacks(
      `recovering takes ${durationText(takesMs)}: make the window longer, or the group faster`,
    )
  }
  if (cluster === undefined) {
    it.cannotKnow(`${askBrokers}: retention and lag of groups`)
    return it.outcome
  }
  const retention = Number(cluster.configs.get('retention.ms') ?? -1)
  it.saw('retention.ms', retention < 0 ? 'for ever' : durationText(retention))
  if (windowMs !== undefined && retention >= 0 && retention < windowMs) {
    it.lacks('keep records for as long as the window: retention.ms')
  }
  judgeGroups(it, cluster, windowMs)
  return it.outcome
}

/** Groups that are shown; those that are behind, first. */
const groupsShown = 5

function judgeGroups(it: Judging, { groups }: ClusterFacts, windowMs: number | undefined): void {
  if (groups.length === 0) it.saw('groups', 'none has committed')
  const ageOf = (ms: number | undefined): number => ms ?? Infinity
  const slowest = groups.toSorted((a, b) => ageOf(b.unreadMs) - ageOf(a.unreadMs) || b.lag - a.lag)
  for (const { groupId, lag, unreadMs } of slowest.slice(0, groupsShown)) {
    const age =
      unreadMs === undefined ? 'older than was asked for' : `at most ${durationText(unreadMs)} old`
    it.saw(`group ${groupId}`, lag === 0 ? 'no lag' : `${lag} records behind, ${age}`)
  }
  for (const { groupId, lost, lag, unreadMs } of groups) {
    if (lost > 0) it.lacks(`${groupId} has lost ${lost} records that were gone before it read them`)
    if (lag > 0 && windowMs !== undefined && ageOf(unreadMs) > windowMs) {
      it.lacks(`${groupId} is further behind than the window`)
    }
  }
}

export function deadLetterItem(given: Case): CheckItem {
  const title = 'records that cannot be taken are set aside, by every connector too'
  const it = new Judging('dead-letter', title, given)
  const { contract, cluster, topic } = given.facts
  it.saw('ai.enforce', contract?.contract.enforcement.onViolation ?? 'none')
  const event = contract?.contract.events.find((each) => each.topic === topic)
  const aside = event && contract && quarantineOf(contract.contract, event)?.topic
  const todo = 'send it what it cannot take and find that in its dead letters'
  if (aside !== undefined && cluster !== undefined) {
    const isThere = cluster.topics.has(aside)
    it.wants('quarantine topic', isThere ? aside : undefined, `make the topic ${aside}`)
  }
  const sinks = cluster === undefined ? [] : sinksIn(cluster)
  for (const sink of sinks) it.needsEvidence('dead-letter', todo, sink)
  if (sinks.length === 0 && aside === undefined) it.needsEvidence('dead-letter', todo)
  if (cluster === undefined) it.cannotKnow(`${askBrokers}: which connectors there are`)
  return it.outcome
}
