/**
 * Topics whose records must be of a schema of their subject, and what they say to those that are
 * not.
 */
import assert from 'node:assert/strict'
import { framedOrders, type FramedOrdersOptions } from '../contract/framed-orders.ts'
import type { SchemaType } from '../../src/registry/schema/schema-format.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import type { Target } from '../support/target.ts'
import { avro, jsonSchema, protobuf } from './orders.ts'
import type { SchemaRecord } from './records.ts'

export const schemaTexts: Readonly<Record<SchemaType, string>> = {
  AVRO: avro,
  JSON: jsonSchema,
  PROTOBUF: protobuf,
}

/** Makes the topic, with the schema of `orders.ts` as the first version of its subject. */
export async function enforceTopic(
  target: Target,
  topic: string,
  options: FramedOrdersOptions & { readonly type: SchemaType },
): Promise<void> {
  const given = framedOrders({ topic, text: schemaTexts[options.type], ...options })
  const applied = (await posted(target, '/contracts', given)) as { readonly revision?: number }
  assert.ok(applied.revision !== undefined, JSON.stringify(applied))
}

/** The id of a schema in the same language, and of another subject. */
export async function otherSchema(
  target: Target,
  topic: string,
  schemaType: SchemaType,
): Promise<number> {
  const schema = schemaTexts[schemaType].replace('cents', 'pence')
  const path = `/subjects/${topic}-other/versions`
  const { id } = (await posted(target, path, { schema, schemaType })) as { readonly id: number }
  return id
}

async function posted({ registry }: Target, path: string, body: object): Promise<unknown> {
  const response = await fetch(`http://${registry}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
  return response.json()
}

/** Each sent alone; true where it was written. Whatever else goes wrong is thrown. */
export async function areTaken(
  bootstrap: string,
  topic: string,
  records: readonly Partial<SchemaRecord>[],
): Promise<boolean[]> {
  const producer = openKafkajs(bootstrap).producer()
  await producer.connect()
  try {
    const taken: boolean[] = []
    for (const { key = null, value = null, headers = {} } of records) {
      const messages = [{ key, value, headers: { ...headers } }]
      taken.push(await producer.send({ topic, messages }).then(() => true, isRefusal))
    }
    return taken
  } finally {
    await producer.disconnect()
  }
}

function isRefusal(error: unknown): false {
  assert.match(String(error), /INVALID_RECORD|failed to validate|validation/i)
  return false
}

/** The id of another schema in the place of a value's own. */
export function withId(value: Buffer, id: number): Buffer {
  const other = Buffer.from(value)
  other.writeInt32BE(id, 1)
  return other
}
