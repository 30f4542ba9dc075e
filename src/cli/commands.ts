/** The commands of `karst`, in the order of its help. One file each, loaded when asked for. */
import type { CommandTable } from './dispatch.ts'

export const commands: CommandTable = {
  up: async () => (await import('./up.ts')).up,
  topic: async () => (await import('./topic.ts')).topic,
  config: async () => (await import('./config.ts')).config,
}

export const about = `Karst is a Kafka-compatible event streaming platform for AI systems.
One process, one data folder: karst up`
