/** Changes the configs of one resource, as a whole or not at all, for both requests that do so. */
import { Failure, isFailure } from '../base/errors.ts'
import type { Resource } from '../catalog/live-configs.ts'
import {
  type BrokerConfigFault,
  brokerConfigFault,
  brokerConfigTable,
  brokerText,
} from '../config/broker-configs.ts'
import { elementsOf, type ValueSpec } from '../config/config-value.ts'
import { groupConfigFault, groupConfigTable, groupRelationFault } from '../config/group-configs.ts'
import { describeTopicConfigs, topicOptionTable } from '../config/topic-configs.ts'
import { groupLimits } from '../group/config.ts'
import { topicNameFault } from '../log/topic-name.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { type Alteration, operations } from './alteration.ts'
import type { Broker } from './broker.ts'
import { resourceTypes } from './config-codes.ts'
import { brokerIdFault } from './describe-resource.ts'
import { alterLoggers } from './loggers.ts'
import { failureCode } from './to-error-code.ts'
import {
  checkConfigs,
  configSizeFault,
  fault,
  isFault,
  repeated,
  type TopicFault,
  unknownConfigFault,
} from './topic-rules.ts'

export interface ResourceChange {
  readonly resourceType: number
  readonly resourceName: string
  readonly alterations: readonly Alteration[]
  /** What is not named is set no longer (AlterConfigs). */
  readonly replaces: boolean
  readonly validateOnly: boolean
}

type Texts = Readonly<Record<string, string>>
type Change = (own: Texts) => Record<string, string> | TopicFault

/** Resources besides topics that something may be set for: each stays in memory. */
const groupsMax = 10_000

/** Why nothing was changed; undefined where it was, or would be. */
export async function alterResource(
  broker: Broker,
  change: ResourceChange,
): Promise<TopicFault | undefined> {
  const wrong = alterationsFault(change)
  if (wrong !== undefined) return wrong
  try {
    switch (change.resourceType) {
      case resourceTypes.topic:
        return await alterTopic(broker, change)
      case resourceTypes.broker:
        return await alterBroker(broker, change)
      case resourceTypes.group:
        return await alterGroup(broker, change)
      case resourceTypes.brokerLogger: {
        const { resourceName, alterations, validateOnly } = change
        const refused = brokerIdFault(broker, resourceName)
        return refused ?? alterLoggers(broker, alterations, validateOnly)
      }
      case resourceTypes.clientMetrics: {
        const message = 'no metrics of clients are collected here (KIP-714)'
        return fault(ErrorCode.INVALID_CONFIG, message)
      }
      default: {
        const message = `there are no resources of type ${change.resourceType}`
        return fault(ErrorCode.INVALID_REQUEST, message)
      }
    }
  } catch (error) {
    if (!isFailure(error)) throw error
    return fault(failureCode(error), error.message)
  }
}

/** What is wrong whatever the configs are. */
function alterationsFault({ alterations }: ResourceChange): TopicFault | undefined {
  const [twice] = repeated(alterations.map(({ name }) => name))
  if (twice !== undefined) {
    return fault(ErrorCode.INVALID_REQUEST, `the config ${twice} is named twice`)
  }
  for (const { name, operation, value } of alterations) {
    if (operation < operations.set || operation > operations.subtract) {
      return fault(ErrorCode.INVALID_REQUEST, `${name}: there is no operation ${operation}`)
    }
    if (operation === operations.delete) continue
    if (value === null) {
      return fault(ErrorCode.INVALID_REQUEST, `${name}: null is not a value; delete it instead`)
    }
    const tooLong = configSizeFault(name, value)
    if (tooLong !== undefined) return tooLong
  }
  return undefined
}

async function alterTopic(broker: Broker, change: ResourceChange): Promise<TopicFault | undefined> {
  const { topics, configs } = broker
  const { resourceName: name, alterations } = change
  if (name === '') return fault(ErrorCode.INVALID_REQUEST, 'there are no defaults of all topics')
  const wrongName = topicNameFault(name)
  if (wrongName !== undefined) return fault(ErrorCode.INVALID_TOPIC_EXCEPTION, wrongName)
  const set = alterations.filter(({ operation }) => operation !== operations.delete)
  const wrong =
    unknownConfigFault(set.map((each) => each.name)) ?? listsFault(set, topicOptionTable)
  if (wrong !== undefined) return wrong
  const unknown = fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${name}`)
  const topic = await topics.find(name)
  if (topic === undefined) return unknown
  const apply: Change = (own) => {
    const rows = describeTopicConfigs(own, configs.layers())
    const changed = altered(own, change, topicOptionTable, (each) => {
      return rows.find((row) => row.name === each)?.text
    })
    const checked = checkConfigs(changed, configs.layers())
    return isFault(checked) ? checked : checked.overrides
  }
  const judged = apply(topic.configs)
  if (isFault(judged)) return judged
  if (change.validateOnly) return undefined
  const result = await topics.configure(topic.topicId, (own) => settled(apply(own)))
  return result.outcome === 'changed' ? undefined : unknown
}

async function alterBroker(
  broker: Broker,
  change: ResourceChange,
): Promise<TopicFault | undefined> {
  const { configs } = broker
  const { resourceName: name, alterations } = change
  const wrongId = name === '' ? undefined : brokerIdFault(broker, name)
  if (wrongId !== undefined) return wrongId
  for (const { name: config, operation, value } of alterations) {
    if (operation === operations.delete) continue
    const spec = Object.hasOwn(brokerConfigTable, config) ? brokerConfigTable[config] : undefined
    // What is appended to a list is judged as the list that it would be.
    const wrong = brokerConfigFault(config, value ?? '') ?? listFault(config, operation, spec)
    if (wrong !== undefined) return brokerFault(wrong)
  }
  return store(broker, { kind: 'broker', name }, change, (own) => {
    const now = (each: string): string | undefined =>
      own[each] ?? brokerText(configs.layers(), each)
    return altered(own, change, brokerConfigTable, now)
  })
}

function brokerFault(wrong: BrokerConfigFault): TopicFault {
  const isRequest = wrong.kind === 'not-live' || wrong.kind === 'bad-value'
  return fault(isRequest ? ErrorCode.INVALID_REQUEST : ErrorCode.INVALID_CONFIG, wrong.message)
}

async function alterGroup(broker: Broker, change: ResourceChange): Promise<TopicFault | undefined> {
  const { configs } = broker
  const { resourceName: name, alterations } = change
  if (name === '') return fault(ErrorCode.INVALID_REQUEST, 'there are no defaults of all groups')
  if (Buffer.byteLength(name) > groupLimits.groupIdBytesMax) {
    const message = `the group's name is longer than ${groupLimits.groupIdBytesMax} bytes`
    return fault(ErrorCode.INVALID_REQUEST, message)
  }
  const set = alterations.filter(({ operation }) => operation !== operations.delete)
  const onNoList = listsFault(set, groupConfigTable)
  if (onNoList !== undefined) return onNoList
  const ofBroker = (each: string): string | undefined => brokerText(configs.layers(), each)
  for (const { name: config, value } of set) {
    const wrong = groupConfigFault(config, value ?? '', ofBroker)
    if (wrong !== undefined) return fault(ErrorCode.INVALID_CONFIG, wrong)
  }
  const isNew = Object.keys(configs.own({ kind: 'group', name })).length === 0
  if (isNew && set.length > 0 && configs.names('group').length >= groupsMax) {
    const message = `configs are set for ${groupsMax} groups, which is the most there may be`
    return fault(ErrorCode.POLICY_VIOLATION, message)
  }
  return store(broker, { kind: 'group', name }, change, (own) => {
    const changed = altered(own, change, groupConfigTable, () => undefined)
    const wrong = groupRelationFault(changed, ofBroker)
    return wrong === undefined ? changed : fault(ErrorCode.INVALID_CONFIG, wrong)
  })
}

async function store(
  { configs }: Broker,
  resource: Resource,
  { validateOnly }: ResourceChange,
  apply: Change,
): Promise<TopicFault | undefined> {
  const judged = apply(configs.own(resource))
  if (isFault(judged)) return judged
  if (!validateOnly) await configs.change(resource, (own) => settled(apply(own)))
  return undefined
}

/** Others have changed the resource since it was judged: nothing is written. */
function settled(changed: Record<string, string> | TopicFault): Record<string, string> {
  if (isFault(changed)) throw new Failure('conflict', changed.errorMessage)
  return changed
}

type Specs = Readonly<Record<string, ValueSpec>>

function listsFault(alterations: readonly Alteration[], specs: Specs): TopicFault | undefined {
  for (const { name, operation } of alterations) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    const wrong = listFault(name, operation, spec)
    if (wrong !== undefined) return fault(ErrorCode.INVALID_CONFIG, wrong.message)
  }
  return undefined
}

function listFault(
  name: string,
  operation: number,
  spec: ValueSpec | undefined,
): BrokerConfigFault | undefined {
  if (operation === operations.set || spec?.type === 'list') return undefined
  const message = `${name} is not a list: it can be set, not appended to or subtracted from`
  return { kind: 'no-list', message }
}

/** `now` tells what a list begins with where the resource itself says nothing. */
function altered(
  own: Texts,
  { alterations, replaces }: ResourceChange,
  specs: Specs,
  now: (name: string) => string | undefined,
): Record<string, string> {
  const texts = new Map(replaces ? [] : Object.entries(own))
  for (const { name, operation, value } of alterations) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    if (spec === undefined) continue // it is deleted, and was never there
    const given = elementsOf(spec, value ?? '')
    const before = elementsOf(spec, now(name) ?? '')
    if (operation === operations.delete) texts.delete(name)
    else if (operation === operations.set) texts.set(name, (value ?? '').trim())
    else if (operation === operations.append) {
      texts.set(name, [...new Set([...before, ...given])].join(','))
    } else texts.set(name, before.filter((each) => !given.includes(each)).join(','))
  }
  return Object.fromEntries(texts)
}
