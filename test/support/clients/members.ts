/** Members of consumer groups, the same face for every client: what is assigned, what was seen. */
import { Consumer } from '@platformatic/kafka'
import { openJavaTool } from '../java-tools.ts'
import type { Program } from '../program.ts'
import { openKafkajs } from './kafkajs.ts'
import { openMember, toSeen } from './kcat.ts'
import { baseOptions, closeNow } from './platformatic.ts'
import type { BytesConsumer } from './platformatic.ts'

export interface Member {
  /** Partitions of the topic that it owns now, as far as it knows. */
  assigned: () => Set<number>
  /** How often partitions were taken away; undefined when the client does not tell. */
  revocations?: () => number
  /** Values by partition:offset. */
  seen: () => Map<string, string>
  /**
   * Where a client forgets to hand out what it took last when it is told to go, after it marked it
   * as read: the partitions in which that one record can be.
   */
  mayHaveDropped?: () => Set<number>
  /** Leaves the group properly. */
  leave: () => Promise<void>
  /** Dies without a word; only programs can. */
  kill?: () => Promise<void>
}

export type OpenMember = (bootstrap: string, group: string, topic: string) => Promise<Member>

const sessionTimeoutMs = 6_000 // the least that Kafka allows by default

export const openKafkajsMember: OpenMember = async (bootstrap, group, topic) => {
  const timing = { sessionTimeout: sessionTimeoutMs, heartbeatInterval: 300, maxWaitTimeInMs: 200 }
  const consumer = openKafkajs(bootstrap).consumer({ groupId: group, ...timing })
  const seen = new Map<string, string>()
  let assigned = new Set<number>()
  consumer.on('consumer.group_join', ({ payload }) => {
    assigned = new Set(payload.memberAssignment[topic])
  })
  consumer.on('consumer.rebalancing', () => {
    assigned = new Set()
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      seen.set(`${partition}:${message.offset}`, String(message.value))
    },
  })
  const leave = () => consumer.disconnect()
  return { assigned: () => assigned, seen: () => seen, leave }
}

export const openPlatformaticMember: OpenMember = async (bootstrap, group, topic) => {
  const timing = { sessionTimeout: sessionTimeoutMs, heartbeatInterval: 300, maxWaitTime: 200 }
  const options = { ...baseOptions(bootstrap), groupId: group, ...timing, rebalanceTimeout: 6_000 }
  const consumer: BytesConsumer = new Consumer(options)
  const seen = new Map<string, string>()
  const from = { mode: 'committed', fallbackMode: 'earliest' } as const
  const stream = await consumer.consume({ topics: [topic], ...from, autocommit: true })
  stream.on('data', (message) => {
    seen.set(`${message.partition}:${message.offset}`, String(message.value))
  })
  stream.on('error', () => {}) // a closing stream says so; what was lost shows in `seen`
  const assigned = () => {
    const own = consumer.assignments?.find((assignment) => assignment.topic === topic)
    return new Set(own?.partitions)
  }
  const leave = async () => {
    // It commits; closing all at once fails when a rebalance is under way. A commit of a generation
    // that is just over is refused, as by Kafka: others read those records again.
    await stream.close().catch(unlessOutdated)
    await closeNow(consumer)
  }
  return { assigned, seen: () => seen, leave }
}

const outdatedCodes = [22, 27] // ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS

interface PlatformaticRefusal extends Error {
  readonly errors?: readonly { readonly apiCode?: number }[]
}

function unlessOutdated(error: PlatformaticRefusal): void {
  const isOutdated = error.errors?.every(({ apiCode = -1 }) => outdatedCodes.includes(apiCode))
  if (isOutdated !== true) throw error
}

export const openKcatMember: OpenMember = async (bootstrap, group, topic) => {
  const program = openMember(bootstrap, group, topic)
  const assigned = () => {
    const last = program.errors.split('\n').findLast((line) => line.includes('rebalanced'))
    const [, list = ''] = last?.split('assigned: ') ?? []
    return new Set([...list.matchAll(/\[(\d+)\]/g)].map(([, partition]) => Number(partition)))
  }
  const seen = () => {
    const records = program.lines.map(toSeen)
    return new Map(records.map((r) => [`${r.partition}:${r.offset}`, r.value ?? '']))
  }
  // kcat looks whether it was told to stop between taking a record, which stores its offset, and
  // printing it: a SIGTERM loses that one record, with Apache Kafka in two of six runs.
  // Where it is only the partition tells: its first record of one that it just got is like any.
  const mayHaveDropped = () => {
    const printed = program.lines.map((line) => toSeen(line).partition)
    return new Set([...printed, ...assigned()])
  }
  return { assigned, seen, mayHaveDropped, ...endsOf(program) }
}

/** The ways in which a member that is a program goes. */
const endsOf = (program: Program): Pick<Member, 'leave' | 'kill'> => ({
  leave: async () => {
    await program.stop()
  },
  kill: async () => {
    program.signal('SIGKILL')
    await program.exited
  },
})

interface VerifiableEvent {
  name: string
  partitions?: { topic: string; partition: number }[]
  partition?: number
  offset?: number
  value?: string
}

/** Kafka's VerifiableConsumer; the flags choose assignor and static membership. */
export function openJavaMember(flags: readonly string[] = []): OpenMember {
  return async (bootstrap, group, topic) => {
    const base = ['--bootstrap-server', bootstrap, '--topic', topic, '--group-id', group]
    // Of the consumer protocol the broker says how long a session is (KIP-848).
    const isBrokers = flags.includes('--group-protocol')
    const timing = isBrokers ? [] : ['--session-timeout', String(sessionTimeoutMs)]
    const all = [...base, ...timing, '--verbose', ...flags]
    const program = await openJavaTool('verifiableConsumer', all, { timeoutMs: 120_000 })
    const events = () =>
      program.lines
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as VerifiableEvent)
    const assigned = () => {
      const own = new Set<number>()
      for (const { name, partitions = [] } of events()) {
        for (const { partition } of partitions) {
          if (name === 'partitions_assigned') own.add(partition)
          if (name === 'partitions_revoked' || name === 'partitions_lost') own.delete(partition)
        }
      }
      return own
    }
    const revocations = () =>
      events().filter((e) => e.name === 'partitions_revoked' && e.partitions?.length !== 0).length
    const seen = () => {
      const records = events().filter((event) => event.name === 'record_data')
      return new Map(records.map((r) => [`${r.partition}:${r.offset}`, r.value ?? '']))
    }
    return { assigned, revocations, seen, ...endsOf(program) }
  }
}
