/** Our message definitions beside Kafka's own: every difference as a line that can be read. */
import type { AnyMessage } from '../../src/wire/message.ts'
import { holds, parseField } from '../../src/wire/notation.ts'
import type { Field, Fields } from '../../src/wire/notation.ts'
import type { KafkaMessage, WireField } from './kafka-definitions.ts'

/** What is compared of one of our messages. */
export type OurMessage = Pick<AnyMessage, 'name' | 'versions' | 'flexibleFrom' | 'fields'>

/** Lines that say what differs, empty when nothing does. */
export function differencesOf(
  ours: OurMessage,
  kafka: KafkaMessage,
  stableMax: number = stableMaxOf(kafka),
): string[] {
  const lines: string[] = []
  const say = (what: string, mine: number | undefined, theirs: number | undefined): void => {
    if (mine !== theirs) lines.push(`${ours.name}: ${what}: ours ${mine}, Kafka's ${theirs}`)
  }
  say('lowest version', ours.versions.min, kafka.versions.min)
  say('highest version', ours.versions.max, stableMax)
  say('flexible from', reached(ours.flexibleFrom, ours), reached(kafka.flexibleFrom, ours))
  const byDifference = new Map<string, number[]>()
  for (let version = ours.versions.min; version <= ours.versions.max; version++) {
    for (const difference of differencesIn(version, ours, kafka)) {
      const versions = byDifference.get(difference) ?? []
      byDifference.set(difference, [...versions, version])
    }
  }
  for (const [difference, versions] of byDifference) {
    lines.push(`${ours.name} v${versions.join(',')}: ${difference}`)
  }
  return lines
}

/** The highest version that brokers tell clients of; Kafka says it of requests only. */
export function stableMaxOf({ versions, latestUnstable }: KafkaMessage): number {
  return latestUnstable ? versions.max - 1 : versions.max
}

/** A flexible version beyond the highest is none. */
function reached(from: number | undefined, { versions }: OurMessage): number | undefined {
  return from !== undefined && from <= versions.max ? from : undefined
}

function* differencesIn(version: number, ours: OurMessage, kafka: KafkaMessage): Generator<string> {
  const mine = ourFields(ours.fields, '', version)
  const theirs = kafka.fieldsOf(version)
  const missing = theirs.filter(({ path }) => !mine.some((each) => each.path === path))
  for (const { path } of missing) yield `we lack ${path}`
  for (const field of mine) {
    const same = theirs.find(({ path }) => path === field.path)
    if (same === undefined) yield `Kafka lacks ${field.path}`
    else yield* differencesOfField(field, same)
  }
  const untagged = (fields: WireField[]): string =>
    fields
      .filter(({ tag }) => tag === undefined)
      .map(({ path }) => path)
      .join(' ')
  if (missing.length === 0 && mine.length === theirs.length && untagged(mine) !== untagged(theirs))
    yield `order: ours ${untagged(mine)}, Kafka's ${untagged(theirs)}`
  for (const absent of kafka.absentIn(version)) {
    const same = ourAbsent(ours.fields, '', version).find(({ path }) => path === absent.path)
    if (same === undefined) continue
    const differing = same.default !== absent.default || same.ignorable !== absent.ignorable
    const words = ({ default: given, ignorable }: typeof absent): string =>
      `default ${given}${ignorable ? ' ignorable' : ''}`
    if (differing) yield `absent ${absent.path}: ours ${words(same)}, Kafka's ${words(absent)}`
  }
}

function* differencesOfField(ours: WireField, kafka: WireField): Generator<string> {
  for (const property of ['type', 'nullable', 'tag', 'default'] as const) {
    const [mine, theirs] = [ours[property], kafka[property]]
    if (mine !== theirs) yield `${ours.path}: ${property} ours ${mine}, Kafka's ${theirs}`
  }
}

function* walk(
  fields: Fields,
  parent: string,
  version: number,
): Generator<{ field: Field; path: string; present: boolean }> {
  for (const [name, entry] of Object.entries(fields)) {
    if (name === '_') continue
    const field = parseField(name, entry)
    const path = `${parent}${name}${field.array ? '[]' : ''}`
    const present = holds(field.versions, version)
    yield { field, path, present }
    if (present && field.struct !== undefined) yield* walk(field.struct, `${path}.`, version)
  }
}

function ourFields(fields: Fields, parent: string, version: number): WireField[] {
  return [...walk(fields, parent, version)].flatMap(({ field, path, present }) =>
    present
      ? [
          {
            path,
            type: field.type,
            nullable: holds(field.nullable, version),
            tag: field.tag,
            default: defaultOf(field),
          },
        ]
      : [],
  )
}

function ourAbsent(fields: Fields, parent: string, version: number) {
  return [...walk(fields, parent, version)]
    .filter(({ present }) => !present)
    .map(({ field, path }) => ({ path, default: defaultOf(field), ignorable: field.ignorable }))
}

function defaultOf({ default: given }: Field): string {
  return given === undefined || given === false || given === 0 ? 'zero' : String(given)
}
