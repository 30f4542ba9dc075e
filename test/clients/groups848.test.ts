/**
 * Consumer groups of the protocol of KIP-848 with real clients: Java's and librdkafka's members
 * come and go, share a group with members of the classic protocol, and outlive their broker.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BrokerProcess } from '../support/broker-process.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { openJavaMember, openKcatMember } from '../support/clients/members.ts'
import type { Member, OpenMember } from '../support/clients/members.ts'
import { Program } from '../support/program.ts'
import { propertiesFile, runJavaTool } from '../support/java-tools.ts'
import { buildLibrdkafka } from '../support/librdkafka.ts'
import { freshName, openTarget } from '../support/target.ts'
import type { Target } from '../support/target.ts'
import { until } from '../support/until.ts'

const partitions = 6
/** Heartbeats are 5 s apart, and what moves takes three of them. */
const settleTimeoutMs = 60_000

const openJava848 = openJavaMember(['--group-protocol', 'consumer'])

let target: Target
let libraryFolder: string
/**
 * Since Kafka 4.0 a client whose every broker is away forgets its topics and begins anew (KIP-899,
 * KIP-1102). If a leader of a classic group then finds its coordinator before its topics, it takes
 * them for changed and asks for a rebalance ("cached metadata has changed"): in five of sixteen
 * runs here, where one broker is all. What is tried below is what the broker keeps.
 */
let steadyMetadata: string
before(async () => {
  steadyMetadata = await propertiesFile({ 'metadata.recovery.strategy': 'none' })
  libraryFolder = (await buildLibrdkafka()).libraryFolder
  target = await openTarget()
})
after(async () => {
  await target.close()
})

/** Debian's kcat over a librdkafka that speaks the protocol. */
const openRdkafka848: OpenMember = async (bootstrap, group, topic) => {
  const flags = ['group.protocol=consumer', 'auto.offset.reset=earliest']
  const sets = flags.flatMap((set) => ['-X', set])
  const program = new Program('kcat -G', 'kcat', ['-b', bootstrap, ...sets, '-G', group, topic], {
    timeoutMs: 180_000,
    env: { ...process.env, LD_LIBRARY_PATH: libraryFolder },
  })
  const assigned = (): Set<number> => {
    const own = new Set<number>()
    const lines = program.errors.matchAll(/incremental (assignment|revoke) of .*?\): (.*)/g)
    for (const [, verb, list = ''] of lines) {
      for (const [, partition] of list.matchAll(/\[(\d+)\]/g)) {
        if (verb === 'assignment') own.add(Number(partition))
        else own.delete(Number(partition))
      }
    }
    return own
  }
  const leave = async (): Promise<void> => {
    await program.stop()
  }
  const kill = async (): Promise<void> => {
    program.signal('SIGKILL')
    await program.exited
  }
  return { assigned, seen: () => new Map(), leave, kill }
}

describe('members of the consumer protocol come and go', { concurrency: 2 }, () => {
  for (const [name, open] of [
    ['java', openJava848],
    ['librdkafka', openRdkafka848],
  ] as const) {
    test(name, async () => {
      const topic = await createTopic(name)
      const group = freshName(name)
      const first = await open(target.bootstrap, group, topic)
      await settled([first])
      const second = await open(target.bootstrap, group, topic)
      await settled([first, second])
      assert.deepEqual([first.assigned().size, second.assigned().size], [3, 3])
      const third = await open(target.bootstrap, group, topic)
      await settled([first, second, third])
      await second.leave()
      await settled([first, third])
      assert.deepEqual([first.assigned().size, third.assigned().size], [3, 3])
      const lines = await groupsTool('--describe', '--group', group, '--state')
      assert.match(lines, /uniform +Stable +2/)
      await Promise.all([first.leave(), third.leave()])
    })
  }
})

test('a group changes its protocol while its members run, and back', async () => {
  const topic = await createTopic('mixed')
  const group = freshName('mixed')
  const java = await openJavaMember()(target.bootstrap, group, topic)
  const kcat = await openKcatMember(target.bootstrap, group, topic)
  await settled([java, kcat])
  assert.match(await groupsTool('--list', '--type'), new RegExp(`${group} +Classic`))
  const newer = await openJava848(target.bootstrap, group, topic)
  await settled([java, kcat, newer])
  const rdkafka = await openRdkafka848(target.bootstrap, group, topic)
  await settled([java, kcat, newer, rdkafka])
  assert.match(await groupsTool('--list', '--type'), new RegExp(`${group} +Consumer`))
  await kcat.leave()
  await settled([java, newer, rdkafka])
  await Promise.all([newer.leave(), rdkafka.leave()])
  await settled([java])
  assert.match(await groupsTool('--list', '--type'), new RegExp(`${group} +Classic`))
  await java.leave()
})

/** The shortest session that a broker grants, and Kafka's default; heartbeats of the new protocol. */
const sessions = [
  { sessionMs: 6_000, heartbeatMs: 1_500 },
  { sessionMs: 45_000, heartbeatMs: 5_000 },
]

for (const { sessionMs, heartbeatMs } of sessions) {
  test(`members of both protocols outlive their broker, sessions of ${sessionMs} ms`, async () => {
    const broker = await BrokerProcess.start({
      flags: [
        `--group-consumer-session-timeout-ms=${sessionMs}`,
        `--group-consumer-min-session-timeout-ms=${sessionMs}`,
        `--group-consumer-heartbeat-interval-ms=${heartbeatMs}`,
        `--group-consumer-min-heartbeat-interval-ms=${heartbeatMs}`,
      ],
    })
    const all: Member[] = []
    const open = async (opener: OpenMember, group: string, topic: string): Promise<Member> => {
      const member = await opener(broker.bootstrap, group, topic)
      all.push(member)
      return member
    }
    try {
      const topic = await createTopic('outlive', broker.bootstrap)
      const consumers = [
        await open(openJava848, 'consumers', topic),
        await open(openJava848, 'consumers', topic),
      ]
      const flags = ['--session-timeout', `${sessionMs}`, '--command-config', steadyMetadata]
      const openClassic = openJavaMember(flags)
      const classics = [
        await open(openClassic, 'classics', topic),
        await open(openClassic, 'classics', topic),
      ]
      await settled(consumers)
      await settled(classics)
      const before = all.map((member) => [...member.assigned()].toSorted((a, b) => a - b))
      const revocations = all.map((member) => member.revocations?.())
      await broker.kill()
      await broker.restart()
      await produced(broker.bootstrap, topic)
      await until(
        () => all.every((member) => member.seen().size > 0),
        settleTimeoutMs,
        () => `seen ${all.map((member) => member.seen().size).join()}`,
      )
      const now = all.map((member) => [...member.assigned()].toSorted((a, b) => a - b))
      assert.deepEqual(now, before)
      assert.deepEqual(
        all.map((member) => member.revocations?.()),
        revocations,
      )
      await Promise.all(all.map((member) => member.leave()))
    } finally {
      // Members that are left behind would try for ever to find their broker.
      for (const member of all) await member.kill?.()
      await broker.close()
    }
  })
}

function groupsTool(...args: string[]): Promise<string> {
  const all = ['--bootstrap-server', target.bootstrap, ...args]
  return runJavaTool('groups', all).then((lines) => lines.join('\n'))
}

/** Resolves when the members own all partitions, each partition once and each member some. */
async function settled(members: Member[]): Promise<void> {
  const owned = () => members.map((member) => [...member.assigned()])
  const isSettled = () => {
    const all = owned()
    return (
      new Set(all.flat()).size === partitions &&
      all.flat().length === partitions &&
      all.every((own) => own.length > 0)
    )
  }
  await until(isSettled, settleTimeoutMs, () => `assignments are ${JSON.stringify(owned())}`)
}

async function createTopic(what: string, bootstrap = target.bootstrap): Promise<string> {
  const topic = freshName(what)
  const admin = openKafkajs(bootstrap).admin()
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] })
  await admin.disconnect()
  return topic
}

/** A record in every partition. */
async function produced(bootstrap: string, topic: string): Promise<void> {
  const producer = openKafkajs(bootstrap).producer()
  await producer.connect()
  const messages = Array.from({ length: partitions }, (_, partition) => ({ value: 'v', partition }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}
