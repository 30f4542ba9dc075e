/** What options owe each other. Each alone may be allowed, and both together make no sense. */
import { parseIpLimits } from './ip-limits.ts'
import type { Config, OptionName } from './options.ts'
import { parseStorageUrl } from './storage-url.ts'

interface Relation {
  readonly smaller: OptionName
  readonly larger: OptionName
  /** They must not be equal either. */
  readonly isStrict?: true
  readonly why: string
}

const atMost = (smaller: OptionName, larger: OptionName, why: string): Relation => ({
  smaller,
  larger,
  why,
})

/** What all groups have, and what each may have, as Kafka asks for it. */
function groupBounds(what: 'session.timeout.ms' | 'heartbeat.interval.ms'): Relation[] {
  const least = `group.consumer.min.${what}` as const
  const most = `group.consumer.max.${what}` as const
  const all = `group.consumer.${what}` as const
  return [
    atMost(least, most, 'or no group could have one of its own'),
    atMost(least, all, 'what all groups have must be allowed for one'),
    atMost(all, most, 'what all groups have must be allowed for one'),
  ]
}

const relations: readonly Relation[] = [
  atMost(
    'group.min.session.timeout.ms',
    'group.max.session.timeout.ms',
    'or no member could join a group',
  ),
  ...groupBounds('session.timeout.ms'),
  ...groupBounds('heartbeat.interval.ms'),
  atMost(
    'group.consumer.min.assignment.interval.ms',
    'group.consumer.max.assignment.interval.ms',
    'or no group could have one of its own',
  ),
  {
    smaller: 'group.consumer.heartbeat.interval.ms',
    larger: 'group.consumer.session.timeout.ms',
    isStrict: true,
    why: 'or members would be gone between two heartbeats',
  },
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

/** A fleet is brokers with names that share a bucket and a catalog. */
function brokenFleet(config: Config): BrokenRelation[] {
  const {
    'storage.url': storage,
    'catalog.url': catalog,
    'broker.name': name,
    'broker.rack': rack,
  } = config
  if ((storage === undefined) !== (catalog === undefined)) {
    const missing = storage === undefined ? 'storage.url' : 'catalog.url'
    const message = 'storage.url and catalog.url go together: a fleet has a bucket and a database'
    return [{ name: missing, message }]
  }
  if (storage !== undefined && !/^[A-Za-z0-9._-]{1,64}$/.test(name ?? '')) {
    const message = 'a broker of a fleet has a name of its own: 1 to 64 of A-Z a-z 0-9 . _ -'
    return [{ name: 'broker.name', message }]
  }
  if (rack !== undefined && !/^[A-Za-z0-9._-]{1,64}$/.test(rack)) {
    return [{ name: 'broker.rack', message: 'a zone is 1 to 64 of A-Z a-z 0-9 . _ -' }]
  }
  if (storage === undefined) return []
  const read = parseStorageUrl(storage)
  return read.ok ? [] : [{ name: 'storage.url', message: read.wrong }]
}

export function brokenRelations(config: Config): BrokenRelation[] {
  const broken = relations
    .filter(({ smaller, larger, isStrict }) => {
      const over = Number(config[smaller]) - Number(config[larger])
      return isStrict === true ? over >= 0 : over > 0
    })
    .map(({ smaller, larger, isStrict, why }) => {
      const relation = isStrict === true ? 'not less' : 'more'
      const message = `${config[smaller]} is ${relation} than ${larger} (${config[larger]}): ${why}`
      return { name: smaller, message }
    })
  broken.push(...brokenFleet(config))
  const name = 'max.connections.per.ip.overrides'
  const limits = parseIpLimits(config[name] ?? '')
  if (typeof limits !== 'string') return broken
  return [...broken, { name, message: `${JSON.stringify(limits)} is no IP:COUNT` }]
}
