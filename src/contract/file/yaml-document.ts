/** A YAML document as plain values, with the line of each. */
import { constructFromEvents, CORE_SCHEMA, parseEvents } from 'js-yaml'
import { Failure } from '../../base/errors.ts'

/** A contract is written by hand: more is something else. */
export const yamlBytesMax = 1_048_576
const depthMax = 64
/** Aliases multiply what they stand for: a few kilobytes could become gigabytes. */
const aliasesMax = 100

export interface YamlDocument {
  readonly value: unknown
  /** Line of the value at a JSON pointer, else of the nearest above that is there; from 1. */
  readonly lineOf: (pointer: string) => number
}

/** As in js-yaml's events. */
const eventId = { document: 1, sequence: 2, mapping: 3, scalar: 4, alias: 5, pop: 6 } as const

/**
 * Reads one document. Unlike YAML 1.1 `no` is a text, and `2025-12-01` too.
 *
 * @throws Failure 'invalid': not YAML, or too large or deep; says where.
 */
export function readYaml(text: string): YamlDocument {
  if (Buffer.byteLength(text) > yamlBytesMax) {
    throw new Failure('invalid', `the file has more than ${yamlBytesMax} bytes`)
  }
  try {
    const events = parseEvents(text, { maxDepth: depthMax })
    const schema = CORE_SCHEMA
    const options = { source: text, schema, maxAliases: aliasesMax }
    const documents = constructFromEvents(events, options)
    if (documents.length > 1) {
      throw new Failure('invalid', `there are ${documents.length} documents (---): give one`)
    }
    const places = placesIn(events, text)
    const starts = lineStarts(text)
    return { value: documents[0], lineOf: (pointer) => lineAt(starts, nearest(places, pointer)) }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure('invalid', `not YAML: ${(error as Error).message}`, error)
  }
}

type Events = ReturnType<typeof parseEvents>

/** A container that is being walked: where it stands, and what comes next in it. */
interface Open {
  readonly pointer: string
  readonly isMapping: boolean
  /** In a mapping: the key that was read and waits for its value. */
  key: string | undefined
  index: number
}

/** Offsets in the text by JSON pointer. */
function placesIn(events: Events, text: string): Map<string, number> {
  const places = new Map<string, number>([['', 0]])
  const open: Open[] = []
  for (const event of events) {
    const parent = open.at(-1)
    if (event.type === eventId.pop) {
      open.pop()
      continue
    }
    if (event.type === eventId.document) {
      open.push({ pointer: '', isMapping: false, key: undefined, index: -1 })
      continue
    }
    if (event.type === eventId.scalar && parent?.isMapping === true && parent.key === undefined) {
      parent.key = text.slice(event.valueStart, event.valueEnd)
      const pointer = below(parent.pointer, parent.key)
      places.set(pointer, event.valueStart)
      continue
    }
    const pointer = pointerIn(parent)
    const start = startOf(event)
    if (start !== undefined && !places.has(pointer)) places.set(pointer, start)
    const isMapping = event.type === eventId.mapping
    if (isMapping || event.type === eventId.sequence) {
      open.push({ pointer, isMapping, key: undefined, index: 0 })
    }
  }
  return places
}

/** Of the next value of a container, which is counted. */
function pointerIn(parent: Open | undefined): string {
  if (parent === undefined || parent.index === -1) return ''
  if (!parent.isMapping) return below(parent.pointer, String(parent.index++))
  const pointer = below(parent.pointer, parent.key ?? '')
  parent.key = undefined
  return pointer
}

function startOf(event: Events[number]): number | undefined {
  if ('valueStart' in event) return event.valueStart
  return 'start' in event ? event.start : undefined
}

export function below(pointer: string, name: string): string {
  return `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function nearest(places: ReadonlyMap<string, number>, pointer: string): number {
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const place = places.get(at)
    if (place !== undefined) return place
  }
  return places.get('') ?? 0
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function lineAt(starts: readonly number[], offset: number): number {
  let line = 1
  while (line < starts.length && (starts[line] as number) <= offset) line++
  return line
}
