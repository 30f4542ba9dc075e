/** Two transcripts of one scenario, step by step and field by field. */
import { identityOf } from './normalize.ts'
import type { Plain } from './normalize.ts'

/** One request and what came of it, normalised. */
export interface Step {
  readonly what: string
  readonly answer: Plain
}

export interface Difference {
  /** Where: the step if there are several, then the fields; items of arrays by what names them. */
  readonly path: string
  readonly kafka: string
  readonly karst: string
}

const nothing = Symbol('nothing')

export function compareTranscripts(kafka: readonly Step[], karst: readonly Step[]): Difference[] {
  const found: Difference[] = []
  const isMany = Math.max(kafka.length, karst.length) > 1
  for (let at = 0; at < Math.max(kafka.length, karst.length); at++) {
    const [theirs, ours] = [kafka[at], karst[at]]
    const path = isMany ? `${at + 1} ${theirs?.what ?? ours?.what ?? ''}:` : ''
    found.push(...compare(answerOf(theirs), answerOf(ours), path))
  }
  return found
}

type Side = Plain | typeof nothing

function compare(kafka: Side, karst: Side, path: string): Difference[] {
  if (Array.isArray(kafka) && Array.isArray(karst)) return compareArrays(kafka, karst, path)
  if (isObject(kafka) && isObject(karst)) {
    // Where one refuses what the other does, all else differs as a matter of course.
    const all = [...Object.keys(kafka), ...Object.keys(karst)]
    const names = errorOf(kafka) === errorOf(karst) ? new Set(all) : ['errorCode']
    return [...names].flatMap((name) =>
      compare(kafka[name] ?? null, karst[name] ?? null, path === '' ? name : `${path}.${name}`),
    )
  }
  const [theirs, ours] = [show(kafka), show(karst)]
  return theirs === ours ? [] : [{ path, kafka: theirs, karst: ours }]
}

const answerOf = (step: Step | undefined): Side => (step === undefined ? nothing : step.answer)

function compareArrays(kafka: Plain[], karst: Plain[], path: string): Difference[] {
  const [theirs, ours] = [byIdentity(kafka), byIdentity(karst)]
  const names = new Set([...theirs.keys(), ...ours.keys()])
  return [...names].flatMap((name) =>
    compare(theirs.get(name) ?? nothing, ours.get(name) ?? nothing, `${path}[${name}]`),
  )
}

/** Items that are known by the same, or by nothing, are numbered. */
function byIdentity(items: readonly Plain[]): Map<string, Plain> {
  const named = new Map<string, Plain>()
  for (const [index, item] of items.entries()) {
    const identity = identityOf(item)
    let name = identity === '' ? `${index}` : identity
    for (let again = 2; named.has(name); again++) name = `${identity} #${again}`
    named.set(name, item)
  }
  return named
}

const isObject = (value: Side): value is { [name: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const errorOf = (value: { [name: string]: Plain }): Plain => value['errorCode'] ?? null

function show(value: Side): string {
  return typeof value === 'symbol' ? 'nothing' : JSON.stringify(value)
}
