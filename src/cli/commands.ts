/** The commands of `karst`, in the order of its help. One file each, loaded when asked for. */
import type { CommandTable } from './dispatch.ts'

export const commands: CommandTable = {
  up: async () => (await import('./up.ts')).up,
  topic: async () => (await import('./topic.ts')).topic,
  produce: async () => (await import('./produce.ts')).produceCommand,
  consume: async () => (await import('./consume.ts')).consumeCommand,
  group: async () => (await import('./group.ts')).group,
  txn: async () => (await import('./txn.ts')).txn,
  quota: async () => (await import('./quota.ts')).quota,
  contract: async () => (await import('./contract.ts')).contract,
  quarantine: async () => (await import('./quarantine.ts')).quarantine,
  approve: async () => (await import('./approve.ts')).approve,
  placement: async () => (await import('./placement.ts')).placementCommand,
  doctor: async () => (await import('./doctor.ts')).doctor,
  catalog: async () => (await import('./catalog.ts')).catalog,
  config: async () => (await import('./config.ts')).config,
}

export const about = `Karst is a Kafka-compatible event streaming platform for AI systems.
One process, one data folder: karst up
A fleet over a bucket and a database: karst up --storage URL --catalog URL --name NAME`
