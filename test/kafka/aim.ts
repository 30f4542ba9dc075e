/** Requests that hit something: drawn values, aimed at what this broker has. */
import { type Random, randomBelow } from '../../src/base/random.ts'
import { type Field, type Fields, holds, parseField, type Struct } from '../../src/wire/notation.ts'
import { seededRandom } from '../support/seeded-random.ts'

const words = ['t', 'g', '', '1', 'cleanup.policy', 'compact', 'consumer', 'retention.ms', '-1']

/** Half of the words and numbers of a request become such as mean something to this broker. */
export class Aim {
  readonly #version: number
  readonly #topicId: string
  readonly #random: Random

  constructor(version: number, topicId: string) {
    this.#version = version
    this.#topicId = topicId
    this.#random = seededRandom(version)
  }

  struct(fields: Fields | Struct, value: object): object {
    const given = value as Record<string, unknown>
    const entries = Object.entries(fields).flatMap(([name, entry]) => {
      if (name === '_') return []
      const field = parseField(name, entry)
      const each = given[name]
      if (!holds(field.versions, this.#version)) return [[name, each]]
      const items = Array.isArray(each) ? each.map((item) => this.#item(field, item)) : undefined
      return [[name, items ?? this.#item(field, each)]]
    })
    return Object.fromEntries(entries)
  }

  #item(field: Field, value: unknown): unknown {
    if (value === null || value === undefined) return value
    if (field.type === 'struct') return this.struct(field.struct ?? {}, value)
    if (randomBelow(this.#random, 2) === 0) return value
    if (field.type === 'uuid') return this.#topicId
    if (field.type === 'string') return words[randomBelow(this.#random, words.length)]
    return field.type.startsWith('int') ? randomBelow(this.#random, 6) - 1 : value
  }
}
