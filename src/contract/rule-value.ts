/**
 * Values of records as CEL takes them. The evaluator knows an object by its constructor's name,
 * which objects of decoders have not, and one with a field `constructor` has wrong; and it copies
 * every object that it touches. Here an object is a map that looks into it when it is asked.
 */
import type { CelInput } from '@bufbuild/cel'

/** Objects become maps, what is in arrays alike; all else is as it is. */
export function ruleValue(value: unknown): CelInput {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    return value as CelInput
  }
  if (Array.isArray(value)) return value.map(ruleValue)
  return new Fields(value as Readonly<Record<string, unknown>>)
}

class Fields extends Map<string, CelInput> {
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(fields: Readonly<Record<string, unknown>>) {
    super()
    this.#fields = fields
  }

  override get size(): number {
    return Object.keys(this.#fields).length
  }

  override has(name: string): boolean {
    return typeof name === 'string' && Object.hasOwn(this.#fields, name)
  }

  override get(name: string): CelInput | undefined {
    return this.has(name) ? ruleValue(this.#fields[name]) : undefined
  }

  override keys(): MapIterator<string> {
    return Object.keys(this.#fields).values()
  }

  override *entries(): MapIterator<[string, CelInput]> {
    for (const name of this.keys()) yield [name, ruleValue(this.#fields[name])]
  }

  override *values(): MapIterator<CelInput> {
    for (const [, value] of this.entries()) yield value
  }

  override [Symbol.iterator](): MapIterator<[string, CelInput]> {
    return this.entries()
  }

  override forEach(
    look: (value: CelInput, name: string, map: Map<string, CelInput>) => void,
  ): void {
    for (const [name, value] of this.entries()) look(value, name, this)
  }
}
