/** Schemas that are stored, parsed: they never change, and each new version is held against them. */
import type { StoredSchema } from '../registry-reads.ts'
import type { ParsedSchema } from '../schema/schema-format.ts'

/** Those that are kept; some ten kilobytes each, as larger ones are parsed elsewhere. */
const keptMax = 1_000

export interface HeldSchema {
  readonly parsed: ParsedSchema
  /** UTF-16 units of all that its references lead to. */
  readonly referenceChars: number
}

type Named = Pick<StoredSchema, 'context' | 'schemaId'>

export class ParsedSchemas {
  /** By context and id, in the order of use. */
  readonly #held = new Map<string, HeldSchema>()

  get(schema: Named): HeldSchema | undefined {
    const held = this.#held.get(keyOf(schema))
    if (held !== undefined) this.set(schema, held)
    return held
  }

  set(schema: Named, held: HeldSchema): void {
    const key = keyOf(schema)
    this.#held.delete(key)
    this.#held.set(key, held)
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= keptMax) break
      this.#held.delete(oldest)
    }
  }
}

const keyOf = ({ context, schemaId }: Named): string => `${context}/${schemaId}`
