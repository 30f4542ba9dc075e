/** What options owe each other. Each alone may be allowed, and both together make no sense. */
import { parseIpLimits } from './ip-limits.ts'
import type { Config, OptionName } from './options.ts'

interface Relation {
  readonly smaller: OptionName
  readonly larger: OptionName
  readonly why: string
}

const atMost = (smaller: OptionName, larger: OptionName, why: string): Relation => ({
  smaller,
  larger,
  why,
})

const relations: readonly Relation[] = [
  atMost(
    'group.min.session.timeout.ms',
    'group.max.session.timeout.ms',
    'or no member could join a group',
  ),
  atMost(
    'group.consumer.heartbeat.interval.ms',
    'group.consumer.session.timeout.ms',
    'or members would be gone between two heartbeats',
  ),
  atMost('message.max.bytes', 'socket.request.max.bytes', 'a batch arrives in one frame'),
  atMost('socket.request.max.bytes', 'produce.memory.bytes', 'one frame must fit at least'),
  atMost('journal.group.bytes', 'journal.file.bytes', 'a group does not span files'),
  atMost('message.max.bytes', 'journal.file.bytes', 'a batch does not span files'),
  atMost('pack.object.bytes', 'pack.window.bytes', 'a window fills one object at least'),
]

export interface BrokenRelation {
  readonly name: OptionName
  readonly message: string
}

export function brokenRelations(config: Config): BrokenRelation[] {
  const broken = relations
    .filter(({ smaller, larger }) => Number(config[smaller]) > Number(config[larger]))
    .map(({ smaller, larger, why }) => ({
      name: smaller,
      message: `${config[smaller]} is more than ${larger} (${config[larger]}): ${why}`,
    }))
  const name = 'max.connections.per.ip.overrides'
  const limits = parseIpLimits(config[name] ?? '0.0.0.0:0')
  if (typeof limits !== 'string') return broken
  return [...broken, { name, message: `${JSON.stringify(limits)} is no IP:COUNT` }]
}
