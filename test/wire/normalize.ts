/**
 * Takes out of an answer what may differ between two brokers that behave the same: addresses,
 * generated ids, the time of day, the words of messages and the order of what has no order.
 */
import { readBatchHeader } from '../../src/record/batch-header.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'

export type Plain = null | boolean | number | string | Plain[] | { [name: string]: Plain }

const addresses = new Set(['host', 'port', 'logDir'])
const sizes = new Set(['partitionSize', 'totalBytes', 'usableBytes'])
/** Of these only is compared whether there is any: Kafka's words are not ours. */
const words = new Set(['errorMessage', 'batchIndexErrorMessage', 'documentation', 'statusText'])
const times = new Set([
  'logAppendTimeMs',
  'transactionStartTimeMs',
  'issueTimestampMs',
  'lastFetchTimestamp',
  'lastCaughtUpTimestamp',
])
/** Ids that a broker makes up; they are numbered in the order in which a scenario meets them. */
const generated = new Map([
  ['topicId', 'topic id'],
  ['memberId', 'member'],
  ['leader', 'member'],
  ['producerId', 'producer'],
  ['clusterId', 'cluster'],
  ['sessionId', 'session'],
])
/** What tells the items of an array apart, the first that is there: by it they are put in order. */
const identities = [
  ...['key', 'name', 'topic', 'topicName', 'topicId', 'groupId', 'transactionalId', 'apiKey'],
  ...['partitionIndex', 'partition', 'partitionId', 'index', 'nodeId', 'brokerId', 'memberId'],
  ...['groupInstanceId', 'configName', 'resourceName', 'producerId', 'batchIndex'],
  ...['entityType', 'entityName', 'feature', 'logDir', 'entity'],
]
const errorNames = new Map<number, string>(
  Object.entries(ErrorCode).map(([name, code]) => [code, `${name}(${code})`]),
)
const zeroUuid = 'A'.repeat(22)

/** The substitutions of one scenario on one broker. */
export class Normalizer {
  readonly #known = new Map<string, string>()
  readonly #counts = new Map<string, number>()
  readonly #tag: string

  /** `tag` is put before every name so that runs do not meet; it is taken out again. */
  constructor(tag: string) {
    this.#tag = tag
  }

  /** An id that the scenario knows by a name of its own. */
  learn(id: string, name: string): void {
    this.#known.set(id, `<${name}>`)
  }

  plain(value: unknown, name = ''): Plain {
    if (value === null || value === undefined) return null
    if (typeof value === 'boolean') return value
    if (typeof value === 'number') return this.#number(value, name)
    if (typeof value === 'string') return this.#string(value, name)
    if (value instanceof Uint8Array) return bytes(value, name)
    if (Array.isArray(value)) return this.#array(value, name)
    const entries = Object.entries(value)
    return Object.fromEntries(entries.map(([key, each]) => [key, this.plain(each, key)]))
  }

  #number(value: number, name: string): Plain {
    if (name === 'errorCode' || name.endsWith('ErrorCode')) {
      return errorNames.get(value) ?? `error ${value}`
    }
    if (addresses.has(name)) return '<address>'
    if (times.has(name) && value > 0) return '<time>'
    if (sizes.has(name) && value > 0) return '<size>'
    const what = generated.get(name)
    return what === undefined || value < 1 ? value : this.#alias(`${what} ${value}`, what)
  }

  #string(value: string, name: string): Plain {
    if (addresses.has(name)) return '<address>'
    if (words.has(name)) return value === '' ? '' : '<words>'
    const what = generated.get(name)
    const isGenerated = what !== undefined && value !== '' && value !== zeroUuid
    if (isGenerated && !value.startsWith(this.#tag)) return this.#alias(value, what)
    return this.#known.get(value) ?? value.replaceAll(this.#tag, '')
  }

  #alias(id: string, what: string): string {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const count = (this.#counts.get(what) ?? 0) + 1
    this.#counts.set(what, count)
    const alias = `<${what} ${count}>`
    this.#known.set(id, alias)
    return alias
  }

  #array(value: readonly unknown[], name: string): Plain {
    // In the order of their names, so that ids made up by brokers are met in the same order.
    const inOrder = value.toSorted((a, b) => compare(ownNameOf(a), ownNameOf(b)))
    const items = inOrder.map((each) => this.plain(each, name))
    return items.every((each) => typeof each === 'object' && each !== null)
      ? items.toSorted((a, b) => compare(sortKey(a), sortKey(b)))
      : items
  }
}

/** Of an item as it was answered: the first of its names that no broker makes up. */
function ownNameOf(item: unknown): string {
  if (typeof item !== 'object' || item === null) return ''
  const fields = item as Record<string, unknown>
  const own = identities.find((name) => !generated.has(name) && typeof fields[name] === 'string')
  return own === undefined ? '' : String(fields[own])
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** What an item of an array is known by, or nothing. Ids made up by a broker tell the least. */
export function identityOf(item: Plain): string {
  if (item === null || typeof item !== 'object' || Array.isArray(item)) return ''
  const told = identities.flatMap((name) => {
    const value = item[name]
    const isTold = typeof value === 'number' || (typeof value === 'string' && value !== '')
    return isTold && value !== zeroUuid ? [String(value)] : []
  })
  const best = told.find((text) => !text.startsWith('<')) ?? told[0] ?? ''
  return /^<id of (.*)>$/.exec(best)?.[1] ?? best
}

/** Numbers are filled up with zeros, so that 10 stands behind 9. */
function sortKey(item: Plain): string {
  const text = `${identityOf(item)} ${JSON.stringify(item)}`
  return text.replaceAll(/\d+/g, (digits) => digits.padStart(19, '0'))
}

function bytes(value: Uint8Array, name: string): Plain {
  return name === 'records' ? batches(value) : Buffer.from(value).toString('latin1')
}

/** Batches by what brokers put into them; one that was cut short is told as such. */
function batches(value: Uint8Array): Plain {
  const found: Plain[] = []
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  for (let at = 0; at < value.length;) {
    const end = at + 12 <= value.length ? at + 12 + view.getInt32(at + 8) : Infinity
    if (end > value.length) return [...found, `${value.length - at} bytes of a batch`]
    const { baseOffset, leaderEpoch, recordCount, attributes, lastOffsetDelta, baseSequence } =
      readBatchHeader(value, at)
    const header = { baseOffset, leaderEpoch, recordCount, attributes, lastOffsetDelta }
    found.push({ ...header, baseSequence, byteLength: end - at })
    at = end
  }
  return found
}
