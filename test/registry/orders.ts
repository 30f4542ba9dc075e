/** One kind of event in the three schema languages, and a next version that readers of each bear. */

export interface Order {
  readonly id: string
  readonly cents: number
}

export const order: Order = { id: 'o-1', cents: 1_250 }

export const avro: string = JSON.stringify({
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'cents', type: 'int' },
  ],
})

/** Without a default for what older records do not have. */
export const breakingAvro: string = JSON.stringify({
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'cents', type: 'int' },
    { name: 'note', type: 'string' },
  ],
})

export const jsonSchema: string = JSON.stringify({
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Order',
  type: 'object',
  additionalProperties: false,
  properties: { id: { type: 'string' }, cents: { type: 'integer' } },
  required: ['id', 'cents'],
})

export const protobuf = `syntax = "proto3";
package shop;

message Order {
  string id = 1;
  int32 cents = 2;
}
`
