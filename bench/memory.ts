/** What a broker keeps for connections that say nothing, and for partitions that are not used. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopic } from './client.ts'
import { GroupMember } from './group-member.ts'
import { Karst, newFolder, removeFolder } from './karst.ts'
import { residentMb } from './machine.ts'
import type { Section } from './section.ts'

const connections = 1_000
const partitions = 1_000
/** Until memory that was needed for a moment is given back or not. */
const settleMs = 2_000

export const memorySection: Section = {
  name: 'memory',
  async run({ figures, subject, say }) {
    const folder = await newFolder('memory')
    const broker = await Karst.start(folder, subject.options)
    try {
      const resident = async (): Promise<number> => {
        await sleep(settleMs)
        return residentMb(broker.pid)
      }
      const before = await resident()
      const idle = await Promise.all(
        Array.from({ length: connections }, () => GroupMember.open(broker.port, 'idle')),
      )
      const connected = await resident()
      for (const member of idle) member.close()
      const closed = await resident()
      await createTopic(broker.port, 'many', partitions)
      const created = await resident()
      const { label } = subject
      const byConnections = connected - before
      const byPartitions = created - closed
      figures.add('memory', `${label}1,000 idle connections`, 'MB', byConnections)
      figures.add('memory', `${label}1,000 partitions`, 'MB', byPartitions)
      const parts = [byConnections, byPartitions].map((each) => each.toFixed(1))
      say(`${label}memory: 1,000 connections ${parts[0]} MB, 1,000 partitions ${parts[1]} MB`)
    } finally {
      await broker.stop()
      await removeFolder(folder)
    }
  },
}
