/** Looks at a stream from outside: by the registry's HTTP, and as a Kafka client. */
import { eachOf } from '../base/each-of.ts'
import { durationUnitsMs } from '../contract/file/known-fields.ts'
import { systemClock } from '../base/system-clock.ts'
import { committedOffsets, listGroupsOf } from '../client/consumer-group.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { offsetTimes, readOffsets } from '../client/partition-offsets.ts'
import { topicConfigs } from '../client/topic-admin.ts'
import type {
  ClusterFacts,
  ContractFacts,
  GroupFacts,
  SubjectFacts,
} from '../contract/approval/stream-facts.ts'
import type { ContractDescription } from '../contract/discovery/contract-description.ts'
import { eventFields } from '../contract/discovery/event-fields.ts'
import { parseContract } from '../contract/file/parse-contract.ts'
import { readYaml } from '../contract/file/yaml-document.ts'
import type { PlannedChange } from '../contract/store/plan.ts'
import { askHttp } from './http-ask.ts'

/** @throws Failure 'unavailable' | 'invalid' */
export async function contractFactsOf(
  address: string,
  topic: string,
): Promise<ContractFacts | undefined> {
  const query = `?topic=${encodeURIComponent(topic)}`
  const listed = JSON.parse(await askHttp(address, `/contracts${query}`)) as ContractDescription[]
  const found = listed.find(({ topics }) => topics.includes(topic))
  if (found === undefined) return undefined
  const path = `/contracts/${encodeURIComponent(found.contractId)}`
  const asked = await askHttp(address, `${path}?revision=${found.revision}`)
  const row = JSON.parse(asked) as {
    readonly text: string
    readonly files: Readonly<Record<string, string>>
    readonly approvedBy: string | null
  }
  const { contract } = parseContract(row.text)
  if (contract === undefined) return undefined
  const event = contract.events.find((each) => each.topic === topic)
  const drift = JSON.parse(await askHttp(address, `${path}/drift`)) as PlannedChange[]
  return {
    ...{ revision: found.revision, appliedMs: found.appliedMs, approvedBy: row.approvedBy },
    contract,
    declared: declaredIn(row.text),
    fields: event === undefined ? [] : eventFields(event, row.files[event.source?.file ?? '']),
    drift: drift.map(({ area, target, before, after }) => {
      return `${area} ${target}: ${before ?? 'nothing'}, not ${after ?? 'as it says'}`
    }),
  }
}

function declaredIn(text: string): ReadonlySet<string> {
  const { customProperties } = readYaml(text).value as {
    readonly customProperties?: readonly { readonly property: string }[]
  }
  return new Set((customProperties ?? []).map(({ property }) => property))
}

/** Of the subject that the values of a topic have by default. @throws Failure 'unavailable' */
export async function subjectFactsOf(
  address: string,
  topic: string,
): Promise<SubjectFacts | undefined> {
  const name = `${topic}-value`
  const path = `/subjects/${encodeURIComponent(name)}`
  const names = JSON.parse(
    await askHttp(address, `/subjects?subjectPrefix=${encodeURIComponent(name)}`),
  ) as string[]
  if (!names.includes(name)) return undefined
  const versions = JSON.parse(await askHttp(address, `${path}/versions`)) as number[]
  const config = await askHttp(address, `/config/${encodeURIComponent(name)}?defaultToGlobal=true`)
  const { compatibilityLevel: level } = JSON.parse(config) as { compatibilityLevel: string }
  return { name, latest: versions.at(-1) ?? 0, level }
}

/** Since the broker at that address started. @throws Failure 'unavailable' */
export async function countedBy(
  address: string,
): Promise<{ readonly records: number; readonly violations: number }> {
  const text = await askHttp(address, '/metrics')
  const one = (name: string): number =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0)
  return {
    records: one('karst_contract_records_total'),
    violations: one('karst_contract_violations_total'),
  }
}

/** Groups that are asked at once; each is a question to its coordinator. */
const groupsTogether = 8
const [second, minute, hour, day] = ['s', 'min', 'h', 'd'].map(
  (unit) => durationUnitsMs[unit] as number,
) as [number, number, number, number]
/** What a group has not read is so old at most: looked for in these steps, and at the window. */
const ageSteps = [
  ...[10 * second, minute, 10 * minute, hour, 6 * hour],
  ...[day, 7 * day, 30 * day, 90 * day, 365 * day],
]

/**
 * @param windowMs the replay window, where there is one.
 * @throws Failure 'not-found': there is no such topic. 'unavailable'.
 */
export async function clusterFactsOf(
  client: KafkaClient,
  topic: string,
  windowMs: number | undefined,
): Promise<ClusterFacts> {
  const { partitions } = await client.topic(topic)
  const configs = await topicConfigs(client, topic)
  const known = configs.flatMap(({ name, value }): [string, string][] =>
    value === null ? [] : [[name, value]],
  )
  const places = partitions.map(({ partitionIndex }) => partitionIndex)
  const steps = windowMs === undefined ? ageSteps : [...ageSteps, windowMs]
  const log = await readLog(
    client,
    topic,
    places,
    steps.toSorted((a, b) => a - b),
  )
  return {
    configs: new Map(known),
    topics: new Set((await client.topics(null)).map(({ name }) => name)),
    groups: await groupsOf(client, topic, log),
  }
}

/** Offsets by partition. */
interface TopicLog {
  readonly starts: ReadonlyMap<number, number>
  readonly ends: ReadonlyMap<number, number>
  /** By age, the youngest first: the first record that is no older. */
  readonly since: readonly {
    readonly ageMs: number
    readonly offsets: ReadonlyMap<number, number>
  }[]
}

async function readLog(
  client: KafkaClient,
  topic: string,
  partitions: readonly number[],
  ages: readonly number[],
): Promise<TopicLog> {
  const at = async (timeMs: number): Promise<ReadonlyMap<number, number>> => {
    const queries = partitions.map((partition) => ({ topic, partition, timeMs }))
    const offsets = await readOffsets(client, queries)
    return new Map(partitions.map((partition, index) => [partition, offsets[index] ?? -1]))
  }
  const nowMs = systemClock.nowMs()
  const since = []
  for (const ageMs of ages) since.push({ ageMs, offsets: await at(nowMs - ageMs) })
  const [starts, ends] = [await at(offsetTimes.earliest), await at(offsetTimes.latest)]
  return { starts, ends, since }
}

/** By id; those that have committed offsets of the topic. */
async function groupsOf(client: KafkaClient, topic: string, log: TopicLog): Promise<GroupFacts[]> {
  const found: GroupFacts[] = []
  await eachOf(await listGroupsOf(client), groupsTogether, async ({ groupId }) => {
    const committed = await committedOffsets(client, groupId)
    const own = committed.filter((each) => each.topic === topic)
    if (own.length > 0) found.push(groupFacts(groupId, own, log))
  })
  return found.toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1))
}

function groupFacts(
  groupId: string,
  committed: readonly { readonly partition: number; readonly offset: number }[],
  { starts, ends, since }: TopicLog,
): GroupFacts {
  let [lag, lost] = [0, 0]
  const behind = committed.filter(({ partition, offset }) => {
    const start = starts.get(partition) ?? 0
    const own = Math.max(0, (ends.get(partition) ?? 0) - Math.max(offset, start))
    lag += own
    lost += Math.max(0, start - offset)
    return own > 0
  })
  const isWithin = (offsets: ReadonlyMap<number, number>): boolean =>
    behind.every(({ partition, offset }) => {
      const first = offsets.get(partition) ?? -1
      // None is as young: whatever it has not read is older.
      return first >= 0 && Math.max(offset, starts.get(partition) ?? 0) >= first
    })
  return { groupId, lag, lost, unreadMs: since.find(({ offsets }) => isWithin(offsets))?.ageMs }
}
