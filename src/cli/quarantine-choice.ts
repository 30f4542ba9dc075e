/** Which records in quarantine a command is about, as it is typed. */
import type { QuarantineReason } from '../contract/quarantine/quarantine-record.ts'
import type { Flag } from './flags.ts'
import { UsageError } from './usage-error.ts'

type ValueFlag = Flag & { readonly kind: 'value' }

export const quarantineTopicFlag: { readonly 'quarantine-topic': ValueFlag } = {
  'quarantine-topic': {
    kind: 'value',
    shape: 'NAME',
    doc: 'Where they are, if the contract names another topic (TOPIC.quarantine)',
  },
}

export const ruleFlag: { readonly rule: ValueFlag } = {
  rule: { kind: 'value', shape: 'RULE', doc: 'Only what broke this rule, such as schema' },
}

export const allFlag: { readonly all: Flag & { readonly kind: 'switch' } } = {
  all: { kind: 'switch', doc: 'All that are in quarantine' },
}

export interface Choice {
  readonly topic: string
  readonly quarantineTopic: string
  readonly wants: (reason: QuarantineReason) => boolean
  /** As they were typed: those that are not found are told. */
  readonly places: readonly string[]
}

/** `PARTITION:OFFSET`, as `list` prints them. */
const placeShape = /^(0|[1-9]\d{0,9}):(0|[1-9]\d{0,15})$/

export const placeOf = ({ partition, offset }: QuarantineReason): string => `${partition}:${offset}`

/** @throws UsageError */
export function topicOf(
  words: readonly string[],
  flags: { readonly 'quarantine-topic': string | undefined },
): { readonly topic: string; readonly quarantineTopic: string; readonly places: string[] } {
  const [topic, ...places] = words
  if (topic === undefined) throw new UsageError('needs a TOPIC: that of the events')
  const wrong = places.find((place) => !placeShape.test(place))
  if (wrong !== undefined) {
    throw new UsageError(`${wrong}: must be PARTITION:OFFSET as list prints it, such as 0:17`)
  }
  return { topic, quarantineTopic: flags['quarantine-topic'] ?? `${topic}.quarantine`, places }
}

/** Places, or all of them, or those of a rule. @throws UsageError none or several of these. */
export function choiceOf(
  words: readonly string[],
  flags: {
    readonly 'quarantine-topic': string | undefined
    readonly all: boolean
    readonly rule: string | undefined
  },
): Choice {
  const { topic, quarantineTopic, places } = topicOf(words, flags)
  const { all, rule } = flags
  const ways = [places.length > 0, all, rule !== undefined].filter((isGiven) => isGiven)
  if (ways.length !== 1) {
    throw new UsageError('needs one of PARTITION:OFFSET…, --all and --rule RULE')
  }
  const chosen = new Set(places)
  const wants = (reason: QuarantineReason): boolean => {
    if (rule !== undefined) return reason.rule === rule
    return all || chosen.has(placeOf(reason))
  }
  return { topic, quarantineTopic, wants, places }
}
