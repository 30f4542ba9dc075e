/**
 * Kafka's own message definitions, read from the jar of its clients, in the shape that our notation
 * is read into, so that both can be compared field by field.
 */
import path from 'node:path'
import { holds } from '../../src/wire/notation.ts'
import type { Range } from '../../src/wire/notation.ts'
import { checkout } from '../support/broker-process.ts'
import { kafkaVersion } from '../support/install.ts'
import { zipEntries } from './zip-entries.ts'

/** What of Kafka's JSON is read. */
interface RawField {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean
  readonly ignorable?: boolean
  readonly fields?: readonly RawField[]
}

interface RawMessage {
  readonly apiKey?: number
  readonly type: 'request' | 'response' | 'data' | 'header'
  readonly name: string
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly latestVersionUnstable?: boolean
  readonly fields: readonly RawField[]
  readonly commonStructs?: readonly { name: string; fields: readonly RawField[] }[]
}

/** One field of one version, in words that do not depend on whose notation it was. */
export interface WireField {
  /** Where it is: names from the message on, `[]` behind what is an array. */
  readonly path: string
  readonly type: string
  readonly nullable: boolean
  readonly tag: number | undefined
  readonly default: string
}

export interface KafkaMessage {
  readonly apiKey: number | undefined
  readonly name: string
  readonly versions: Range
  readonly flexibleFrom: number | undefined
  /** Its highest version is not told to clients unless unstable versions are switched on. */
  readonly latestUnstable: boolean
  /** The fields on the wire in this version, in order; structs stand before their fields. */
  fieldsOf(version: number): WireField[]
  /** What an absent field decodes to, and whether it may be given all the same; by path. */
  absentIn(version: number): { path: string; default: string; ignorable: boolean }[]
}

export const clientsJar: string = path.join(
  checkout,
  `build/clients/kafka-${kafkaVersion}/libs/kafka-clients-${kafkaVersion}.jar`,
)

/** By name (`FetchRequest`). */
export function kafkaMessages(): ReadonlyMap<string, KafkaMessage> {
  const isMessage = (name: string): boolean => /^common\/message\/\w+\.json$/.test(name)
  const files = [...zipEntries(clientsJar, isMessage).values()]
  const messages = files.map((file) => readMessage(file.toString()))
  return new Map(messages.map((each) => [each.name, each]))
}

/** Reads one definition: JSON in which lines may be comments. */
export function readMessage(text: string): KafkaMessage {
  const raw = JSON.parse(text.replace(/^\s*\/\/.*$/gm, '')) as RawMessage
  const flexible = rangeOf(raw.flexibleVersions)
  const structs = new Map(raw.commonStructs?.map(({ name, fields }) => [name, fields]))
  const walk = (version: number) => [...fieldsIn(raw.fields, '', version, structs)]
  return {
    apiKey: raw.apiKey,
    name: raw.name,
    versions: rangeOf(raw.validVersions) ?? { min: 0, max: -1 },
    flexibleFrom: flexible?.min,
    latestUnstable: raw.latestVersionUnstable === true,
    fieldsOf: (version) =>
      walk(version).flatMap(({ field, path: at, present }) =>
        present ? [wireField(field, at, version)] : [],
      ),
    absentIn: (version) =>
      walk(version).flatMap(({ field, path: at, present }) =>
        present
          ? []
          : [{ path: at, default: defaultOf(field), ignorable: field.ignorable === true }],
      ),
  }
}

interface Found {
  readonly field: RawField
  readonly path: string
  readonly present: boolean
}

/** All fields; below one that is absent nothing is looked at. */
function* fieldsIn(
  fields: readonly RawField[],
  parent: string,
  version: number,
  structs: ReadonlyMap<string, readonly RawField[]>,
): Generator<Found> {
  for (const field of fields) {
    const array = field.type.startsWith('[]') ? '[]' : ''
    const at = `${parent}${lowerFirst(field.name)}${array}`
    const present = holds(rangeOf(field.versions), version)
    yield { field, path: at, present }
    const inner = field.fields ?? structs.get(field.type.replace('[]', ''))
    if (present && inner !== undefined) yield* fieldsIn(inner, `${at}.`, version, structs)
  }
}

function wireField(field: RawField, at: string, version: number): WireField {
  const type = field.type.replace('[]', '')
  return {
    path: at,
    type: type === 'bool' ? 'boolean' : /^[A-Z]/.test(type) ? 'struct' : type,
    nullable: holds(rangeOf(field.nullableVersions), version),
    tag: holds(rangeOf(field.taggedVersions), version) ? field.tag : undefined,
    default: defaultOf(field),
  }
}

/** As text: `zero` where it is what its type begins with. */
function defaultOf({ default: given }: RawField): string {
  const text = String(given ?? '')
  if (text === '' || text === 'false' || Number(text) === 0) return 'zero'
  const number = Number(text)
  return Number.isNaN(number) ? text : String(Math.min(number, Number.MAX_SAFE_INTEGER))
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

/** `3+`, `1-4`, `2`, or `none`, which is no range. */
function rangeOf(text: string | undefined): Range | undefined {
  if (text === undefined || text === 'none') return undefined
  if (text.endsWith('+')) return { min: Number.parseInt(text, 10), max: Infinity }
  const [min = NaN, max = min] = text.split('-').map(Number)
  return { min, max }
}
