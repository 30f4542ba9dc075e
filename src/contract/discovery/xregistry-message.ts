/** One kind of event as a message definition of xRegistry. */
import type { Contract, EventSchema, Fact } from '../contract.ts'

type Json = Readonly<Record<string, unknown>>

export const cloudEvents = 'CloudEvents/1.0'
export const kafkaProtocol = 'KAFKA'

export interface MessageSchema {
  readonly format: string
  /** From the root of the document. */
  readonly uri: string
}

/** What both a group and each of its messages say. */
export function protocolOf({ enforcement }: Contract): Json {
  const envelope = enforcement.encoding === 'cloudevents' ? { envelope: cloudEvents } : {}
  return { ...envelope, protocol: kafkaProtocol }
}

export function messageOf(
  contract: Contract,
  event: EventSchema,
  schema: MessageSchema | undefined,
): Json {
  const isCloudEvent = contract.enforcement.encoding === 'cloudevents'
  const inHeaders = contract.facts.filter((fact) => fact.in === 'header')
  const attributes = isCloudEvent ? inHeaders.filter((each) => attributeOf(each) !== undefined) : []
  const headers = inHeaders.filter((each) => !attributes.includes(each))
  const { key } = contract.operations
  return {
    name: event.name,
    ...protocolOf(contract),
    ...(isCloudEvent ? { envelopemetadata: envelopeOf(event, attributes) } : {}),
    protocoloptions: {
      topic: event.topic,
      ...(key === undefined ? {} : { key: `{${symbolOf(key)}}` }),
      ...(headers.length === 0 ? {} : { headers: headersOf(headers) }),
    },
    ...(schema === undefined ? {} : { dataschemaformat: schema.format, dataschemauri: schema.uri }),
    labels: labelsOf(contract, event),
  }
}

/** Letters, digits and underscores, as a placeholder has them. */
const symbolOf = (path: string): string => path.replace(/[^A-Za-z0-9_]/g, '_')

/** CloudEvents names its attributes in lower case, without separators. */
function attributeOf({ at }: Fact): string | undefined {
  return /^ce_([a-z0-9]+)$/.exec(at)?.[1]
}

function envelopeOf(event: EventSchema, facts: readonly Fact[]): Json {
  const always = {
    id: { type: 'string', required: true },
    type: { type: 'string', value: event.name, required: true },
    source: { type: 'uritemplate', required: true },
  }
  const more = facts.flatMap((fact): [string, Json][] => {
    const name = attributeOf(fact) ?? ''
    if (Object.hasOwn(always, name) || name === 'specversion') return []
    const type = name === 'time' ? 'timestamp' : 'string'
    return [[name, { type, required: fact.required, description: fact.fact, ...valueOf(fact) }]]
  })
  return { ...always, ...Object.fromEntries(more) }
}

function headersOf(facts: readonly Fact[]): Json {
  return Object.fromEntries(
    facts.map((fact) => {
      const { at: name, required, fact: description } = fact
      return [name, { name, required, description, ...valueOf(fact) }]
    }),
  )
}

/** A value that each event has. */
function valueOf({ oneOf }: Fact): Json {
  return oneOf.length === 1 ? { value: oneOf[0] } : {}
}

/** What xRegistry has no attribute for. */
function labelsOf(contract: Contract, { classification }: EventSchema): Json {
  const { id, version, owner, tenant, status } = contract
  const labels = {
    ...{ contract: id, contractversion: version, status, owner, tenant, classification },
  }
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== undefined))
}
