/**
 * Consumer groups of every client, whose members come, go and die while records arrive: each
 * partition has one owner, and every record is seen.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import {
  openJavaMember,
  openKafkajsMember,
  openKcatMember,
  openPlatformaticMember,
} from '../support/clients/members.ts'
import type { Member, OpenMember } from '../support/clients/members.ts'
import { freshName, openTarget } from '../support/target.ts'
import type { Target } from '../support/target.ts'
import { until } from '../support/until.ts'

const partitions = 6
const settleTimeoutMs = 30_000
const cooperative = 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor'

let target: Target
before(async () => {
  target = await openTarget()
})
after(async () => {
  await target.close()
})

describe('members come and go', { concurrency: 3 }, () => {
  const kinds: Record<string, OpenMember> = {
    kafkajs: openKafkajsMember,
    platformatic: openPlatformaticMember,
    kcat: openKcatMember,
    'java range': openJavaMember(),
    'java cooperative': openJavaMember(['--assignment-strategy', cooperative]),
  }
  for (const [name, open] of Object.entries(kinds)) {
    test(name, () => comeAndGo(name, open))
  }
})

describe('special members', { concurrency: 3 }, () => {
  test('two languages share one group', async () => {
    const topic = await createTopic('mixed')
    const group = freshName('mixed')
    const members = await openAll(group, topic, [openKcatMember, openJavaMember()])
    await settled(members)
    for (const member of members) assert.equal(member.assigned().size, partitions / 2)
    await leaveAll(members)
  })
  test('cooperative rebalancing takes away only what moves', movesOnlyWhatItMust)
  test('a static member comes back to its partitions without a rebalance', staticMemberReturns)
  test('a group resumes where it stopped', resumes)
})

async function comeAndGo(name: string, open: OpenMember): Promise<void> {
  const topic = await createTopic(name.replace(' ', '-'))
  const group = freshName(name.replace(' ', '-'))
  const load = await startLoad(topic)
  try {
    await churn(topic, group, open, load)
  } finally {
    await load.stop()
  }
}

async function churn(topic: string, group: string, open: OpenMember, load: Load): Promise<void> {
  const gone: Member[] = []
  const [first, second, third] = [
    await open(target.bootstrap, group, topic),
    await open(target.bootstrap, group, topic),
    await open(target.bootstrap, group, topic),
  ]
  await settled([first, second, third])
  await first.leave()
  gone.push(first)
  await settled([second, third])
  const fourth = await open(target.bootstrap, group, topic)
  await settled([second, third, fourth])
  await (second.kill ?? second.leave)()
  gone.push(second)
  await settled([third, fourth])
  await load.stop()
  const all = [...gone, third, fourth]
  const missing = () => {
    const dropped = new Set(gone.flatMap((member) => [...(member.mayHaveDropped?.() ?? [])]))
    const unseen = load.written().filter(([place]) => all.every((m) => !m.seen().has(place)))
    const droppedMax = gone.filter((member) => member.mayHaveDropped !== undefined).length
    const isExcused =
      unseen.length <= droppedMax && unseen.every(([place]) => dropped.has(partitionOf(place)))
    return isExcused ? [] : unseen.map(([place]) => place)
  }
  await until(
    () => missing().length === 0,
    settleTimeoutMs,
    () => `of ${load.written().length} records nobody saw ${missing().join(', ')}`,
  )
  const written = new Map(load.written())
  for (const member of all) {
    for (const [place, value] of member.seen()) assert.equal(value, written.get(place), place)
  }
  await leaveAll([third, fourth])
}

/** Of partition:offset. */
const partitionOf = (place: string): number => Number(place.split(':')[0])

async function movesOnlyWhatItMust(): Promise<void> {
  const topic = await createTopic('cooperative')
  const group = freshName('cooperative')
  const open = openJavaMember(['--assignment-strategy', cooperative])
  const first = await open(target.bootstrap, group, topic)
  await settled([first])
  assert.equal(first.revocations?.(), 0)
  const second = await open(target.bootstrap, group, topic)
  await settled([first, second])
  assert.equal(first.assigned().size, partitions / 2)
  assert.equal(first.revocations?.(), 1, 'once, for the half that moved')
  await second.leave()
  await settled([first])
  assert.equal(first.revocations?.(), 1, 'what stayed was never taken away')
  await first.leave()
}

async function staticMemberReturns(): Promise<void> {
  const topic = await createTopic('static')
  const group = freshName('static')
  const open = (id: string) => openJavaMember(['--group-instance-id', id])
  const first = await open('one')(target.bootstrap, group, topic)
  const second = await open('two')(target.bootstrap, group, topic)
  await settled([first, second])
  const had = second.assigned()
  const revocations = first.revocations?.()
  await second.kill?.()
  const again = await open('two')(target.bootstrap, group, topic)
  await settled([first, again])
  assert.deepEqual(again.assigned(), had)
  assert.equal(first.revocations?.(), revocations, 'the other member noticed nothing')
  const admin = openKafkajs(target.bootstrap).admin()
  const described = await admin.describeGroups([group])
  await admin.disconnect()
  assert.equal(described.groups[0]?.members.length, 2)
  await leaveAll([first, again])
}

async function resumes(): Promise<void> {
  for (const open of [openKafkajsMember, openPlatformaticMember, openKcatMember]) {
    const topic = await createTopic('resume')
    const group = freshName('resume')
    const values = await seeAllOnce(open, group, topic, ['a', 'b', 'c'])
    assert.deepEqual(values, ['a', 'b', 'c'])
    const later = await seeAllOnce(open, group, topic, ['d', 'e'])
    assert.deepEqual(later, ['d', 'e'], 'only what came after the commit')
  }
}

/** Writes the values, lets one member read until it has the last, and tells what it saw. */
async function seeAllOnce(
  open: OpenMember,
  group: string,
  topic: string,
  values: string[],
): Promise<string[]> {
  const producer = openKafkajs(target.bootstrap).producer()
  await producer.connect()
  await producer.send({ topic, messages: values.map((value) => ({ value, partition: 0 })) })
  await producer.disconnect()
  const member = await open(target.bootstrap, group, topic)
  const seen = () => [...member.seen().values()].toSorted()
  await until(
    () => seen().includes(values.at(-1) ?? ''),
    settleTimeoutMs,
    () => `saw ${seen().join(', ')}`,
  )
  await sleep(200) // more than it should see would come now
  const got = seen()
  await member.leave()
  return got
}

async function openAll(group: string, topic: string, kinds: OpenMember[]): Promise<Member[]> {
  return Promise.all(kinds.map((open) => open(target.bootstrap, group, topic)))
}

async function leaveAll(members: Member[]): Promise<void> {
  await Promise.all(members.map((member) => member.leave()))
}

/** Resolves when the members own all partitions, each partition once and each member some. */
async function settled(members: Member[]): Promise<void> {
  const owned = () => members.map((member) => [...member.assigned()])
  const isSettled = () => {
    const all = owned()
    const distinct = new Set(all.flat())
    return (
      distinct.size === partitions &&
      all.flat().length === partitions &&
      all.every((own) => own.length > 0)
    )
  }
  await until(isSettled, settleTimeoutMs, () => `assignments are ${JSON.stringify(owned())}`)
}

async function createTopic(what: string): Promise<string> {
  const topic = freshName(what)
  const admin = openKafkajs(target.bootstrap).admin()
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] })
  await admin.disconnect()
  return topic
}

interface Load {
  /** [partition:offset, value] of everything acknowledged. */
  written: () => [place: string, value: string][]
  stop: () => Promise<void>
}

async function startLoad(topic: string): Promise<Load> {
  const producer = openKafkajs(target.bootstrap).producer()
  await producer.connect()
  const written: [string, string][] = []
  const stopping = new AbortController()
  const produce = async () => {
    for (let i = 0; !stopping.signal.aborted; i++) {
      const value = `record ${i}`
      const partition = i % partitions
      const [result] = await producer.send({ topic, messages: [{ value, partition }] })
      written.push([`${partition}:${result?.baseOffset}`, value])
      await sleep(10)
    }
    await producer.disconnect()
  }
  const done = produce()
  const stop = async () => {
    stopping.abort()
    await done
  }
  return { written: () => written, stop }
}
