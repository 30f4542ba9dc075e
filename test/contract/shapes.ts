/** Twelve versions of an order in each schema language, as a year of changes makes them. */
import avsc from 'avsc'
import protobuf from 'protobufjs'

export interface Shape {
  readonly schema: string
  /** A payload of this version, without the id in front. */
  readonly payload: Buffer
}

export interface Shapes {
  readonly type: 'AVRO' | 'JSON' | 'PROTOBUF'
  /** Message indexes behind the id. */
  readonly indexes: Buffer
  readonly versions: readonly Shape[]
}

type Field = { readonly name: string; readonly type: unknown } & Record<string, unknown>

const text: Field = { name: 'id', type: 'string' }
const cents = (type: string): Field => ({ name: 'cents', type })
const currency: Field = { name: 'currency', type: 'string', default: 'EUR' }
const note: Field = { name: 'note', type: ['null', 'string'], default: null }
const comment: Field = { ...note, name: 'comment', aliases: ['note'] }
const status = (...symbols: string[]): Field => {
  const type = { type: 'enum', name: 'Status', symbols, default: symbols.at(-1) }
  return { name: 'status', type, default: symbols[0] }
}
const tags: Field = { name: 'tags', type: { type: 'array', items: 'string' }, default: [] }
const consent: Field = {
  name: 'consent',
  type: {
    type: 'record',
    name: 'Consent',
    fields: [{ name: 'id', type: 'string', default: 'before-consent' }],
  },
  default: {},
}
const weight = (type: string): Field => ({ name: 'weight', type, default: 0 })

/** Fields added, promoted, renamed and dropped; symbols that come and go. */
const avroFields: readonly (readonly Field[])[] = [
  [text, cents('int')],
  [text, cents('int'), currency],
  [text, cents('int'), currency, note],
  [text, cents('long'), currency, note],
  [text, cents('long'), currency, comment],
  [text, cents('long'), currency, comment, status('NEW', 'DONE')],
  [text, cents('long'), currency, comment, status('NEW', 'PAID', 'DONE')],
  [cents('long'), text, comment, status('NEW', 'PAID', 'DONE')],
  [cents('long'), text, comment, status('PAID', 'DONE'), tags],
  [cents('long'), text, comment, status('PAID', 'DONE'), tags, consent],
  [cents('double'), text, comment, status('PAID', 'DONE'), tags, consent, weight('float')],
  [cents('double'), text, comment, status('PAID', 'DONE'), consent, weight('double')],
]

const avroValue = (version: number): Record<string, unknown> => ({
  ...{ id: `order-${version}`, cents: version * 100, currency: 'USD', note: null, tags: ['a'] },
  ...{ comment: 'c', status: version < 9 ? 'NEW' : 'PAID', weight: 1 },
  consent: { id: `consent-${version}` },
})

export const avroShapes: Shapes = {
  type: 'AVRO',
  indexes: Buffer.alloc(0),
  versions: avroFields.map((fields, at) => {
    const schema = { type: 'record', name: 'Order', namespace: 'shop', fields }
    const type = avsc.Type.forSchema(schema as never, { wrapUnions: false })
    return { schema: JSON.stringify(schema), payload: type.toBuffer(avroValue(at + 1)) }
  }),
}

const numbers = Array.from({ length: 12 }, (_, at) => at + 1)

/** Closed, so that each version may add an optional property. */
export const jsonShapes: Shapes = {
  type: 'JSON',
  indexes: Buffer.alloc(0),
  versions: numbers.map((version) => {
    const added = numbers.slice(1, version).map((each) => `more${each}`)
    const properties = ['id', ...added].map((name) => [name, { type: 'string' }] as const)
    const schema = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: Object.fromEntries(properties),
      required: ['id'],
      additionalProperties: false,
    }
    const value = Object.fromEntries(properties.map(([name]) => [name, `${name}-${version}`]))
    return { schema: JSON.stringify(schema), payload: Buffer.from(JSON.stringify(value)) }
  }),
}

/** Each version adds a field; from the seventh on the amount is wider. */
export const protobufShapes: Shapes = {
  type: 'PROTOBUF',
  indexes: Buffer.from([0]), // the first message
  versions: numbers.map((version) => {
    const added = numbers.slice(1, version).map((each) => `string more${each} = ${each + 10};`)
    const amount = version < 7 ? 'int32' : 'int64'
    const schema = [
      'syntax = "proto3"; package shop;',
      `message Order { string id = 1; ${amount} cents = 2; ${added.join(' ')} }`,
      'message Other { string name = 1; }',
    ].join('\n')
    const type = protobuf.parse(schema).root.lookupType('shop.Order')
    const value = { id: `order-${version}`, cents: version * 100, more2: 'm' }
    return { schema, payload: Buffer.from(type.encode(type.create(value)).finish()) }
  }),
}

export const allShapes: readonly Shapes[] = [avroShapes, jsonShapes, protobufShapes]
