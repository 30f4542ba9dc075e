/** Which schema wrote a record: a port, because registries are asked over the network. */
import type { NamedSchema, SchemaType } from '../../registry/schema/schema-format.ts'
import type { SchemaId } from '../check/schema-frame.ts'

export interface WriterSchema {
  /** In the context of the topic's subject; undefined where only the GUID is known. */
  readonly id: number | undefined
  readonly guid: string | undefined
  /** Of the topic's subject; undefined where the subject does not have it. */
  readonly version: number | undefined
  readonly type: SchemaType
  readonly text: string
  readonly references: readonly NamedSchema[]
}

/**
 * Undefined where the registry has no such schema.
 *
 * @throws Failure 'unavailable' | 'invalid': it does not answer, or not as a registry does.
 */
export type FindSchema = (schema: SchemaId) => Promise<WriterSchema | undefined>
