/**
 * IncrementalAlterConfigs, versions 0 to 1: sets, deletes, appends to or subtracts from the configs
 * of topics (KIP-339). A resource is changed as a whole or not at all.
 *
 * - Deleting a config that does not exist changes nothing, as in Kafka: whoever mirrors the configs
 *   of a newer cluster does so.
 * - A list begins at what holds now, also where that is a default. What is there already is not
 *   appended again.
 * - A broker's options are read at start and cannot be altered: INVALID_REQUEST.
 */
import { Failure, isFailure } from '../../base/errors.ts'
import { describeTopicConfigs, topicOptionTable } from '../../config/topic-configs.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  incrementalAlterConfigs,
  type IncrementalAlterConfigsReply,
  type IncrementalAlterConfigsRequest,
} from '../../wire/messages/44-incremental-alter-configs.ts'
import type { Broker } from '../broker.ts'
import { resourceTypes } from '../config-codes.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'
import {
  checkConfigs,
  fault,
  isFault,
  repeated,
  type TopicFault,
  unknownConfigFault,
} from '../topic-rules.ts'

type Resource = IncrementalAlterConfigsRequest['resources'][number]
type ResourceReply = IncrementalAlterConfigsReply['responses'][number]
type Overrides = Readonly<Record<string, string>>

const operations = { set: 0, delete: 1, append: 2, subtract: 3 } as const

/** One operation of a resource, checked for itself. */
interface Step {
  readonly name: string
  readonly operation: number
  readonly value: string
}

export function incrementalAlterConfigsHandler(broker: Broker): Handler {
  return handler(incrementalAlterConfigs, async ({ resources, validateOnly }) => {
    const keyOf = ({ resourceType, resourceName }: Resource): string =>
      `${resourceType} ${resourceName}`
    const twice = repeated(resources.map(keyOf))
    const responses: ResourceReply[] = []
    for (const resource of resources) {
      const { resourceType, resourceName } = resource
      const wrong = twice.has(keyOf(resource))
        ? fault(ErrorCode.INVALID_REQUEST, 'the request names this resource twice')
        : await alter(broker, resource, validateOnly)
      const none = { errorCode: ErrorCode.NONE, errorMessage: null }
      responses.push({ resourceType, resourceName, ...(wrong ?? none) })
    }
    return { response: { responses } }
  })
}

async function alter(
  { topics, brokerDefaults }: Broker,
  resource: Resource,
  validateOnly: boolean,
): Promise<TopicFault | undefined> {
  const { resourceType, resourceName } = resource
  if (resourceType !== resourceTypes.topic) {
    const isBroker = resourceType === resourceTypes.broker
    const message = isBroker
      ? 'the options of a broker are read when it starts: set them there'
      : `resources of type ${resourceType} have no configs here`
    return fault(ErrorCode.INVALID_REQUEST, message)
  }
  const steps = readSteps(resource)
  if (isFault(steps)) return steps
  const change = (overrides: Overrides): Record<string, string> | TopicFault => {
    const checked = checkConfigs(applySteps(overrides, steps, brokerDefaults), brokerDefaults)
    return isFault(checked) ? checked : checked.overrides
  }
  const unknown = fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'there is no topic of this name')
  try {
    const topic = await topics.find(resourceName)
    if (topic === undefined) return unknown
    const judged = change(topic.configs)
    if (isFault(judged)) return judged
    if (validateOnly) return undefined
    const result = await topics.configure(topic.topicId, (overrides) => {
      const changed = change(overrides)
      // Others have changed the topic since it was judged: nothing is written.
      if (isFault(changed)) throw new Failure('conflict', changed.errorMessage)
      return changed
    })
    return result.outcome === 'changed' ? undefined : unknown
  } catch (error) {
    if (!isFailure(error)) throw error
    return fault(failureCode(error), error.message)
  }
}

function readSteps({ configs }: Resource): Step[] | TopicFault {
  const [twice] = repeated(configs.map(({ name }) => name))
  if (twice !== undefined) {
    return fault(ErrorCode.INVALID_REQUEST, `the config ${twice} is named twice`)
  }
  const steps: Step[] = []
  for (const { name, configOperation: operation, value } of configs) {
    const isKnown = Object.hasOwn(topicOptionTable, name)
    if (operation === operations.delete) {
      if (isKnown) steps.push({ name, operation, value: '' })
      continue
    }
    const wrong = isKnown ? stepFault(name, operation, value) : unknownConfigFault([name])
    if (wrong !== undefined) return wrong
    steps.push({ name, operation, value: value ?? '' })
  }
  return steps
}

function stepFault(name: string, operation: number, value: string | null): TopicFault | undefined {
  const { set, append, subtract } = operations
  const isOnList = operation === append || operation === subtract
  if (operation !== set && !isOnList) {
    const message = `${name}: there is no operation ${operation}`
    return fault(ErrorCode.INVALID_REQUEST, message)
  }
  if (value === null) {
    return fault(ErrorCode.INVALID_REQUEST, `${name}: null is not a value; delete it instead`)
  }
  if (isOnList && topicOptionTable[name]?.type !== 'list') {
    const message = `${name} is not a list: it can be set, not appended to or subtracted from`
    return fault(ErrorCode.INVALID_CONFIG, message)
  }
  return undefined
}

function applySteps(
  overrides: Overrides,
  steps: readonly Step[],
  brokerDefaults: Broker['brokerDefaults'],
): Record<string, string> {
  const changed = new Map(Object.entries(overrides))
  const effective = describeTopicConfigs(overrides, brokerDefaults)
  for (const { name, operation, value } of steps) {
    const now = elementsOf(effective.find((row) => row.name === name)?.text ?? '')
    const given = elementsOf(value)
    if (operation === operations.delete) changed.delete(name)
    else if (operation === operations.set) changed.set(name, value)
    else if (operation === operations.append) {
      changed.set(name, [...new Set([...now, ...given])].join(','))
    } else changed.set(name, now.filter((each) => !given.includes(each)).join(','))
  }
  return Object.fromEntries(changed)
}

function elementsOf(text: string): string[] {
  if (text.trim() === '') return []
  return text.split(',').map((each) => each.trim())
}
