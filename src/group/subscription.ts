/**
 * What a group is subscribed to, read out of the metadata of the embedded protocol 'consumer': of
 * it only the part that all versions begin with is looked at (int16 version, array of int16-length
 * topic names).
 */
import type { ConsumerGroupState } from './consumer/consumer-state.ts'
import type { PatternView } from './consumer/topic-view.ts'
import type { AnyGroupState } from './decision.ts'
import { metadataOf } from './group-state.ts'

/** Kafka's name of the protocol that consumers use among themselves. */
export const consumerProtocolType = 'consumer'

export type Subscription =
  | { readonly kind: 'topics'; readonly names: ReadonlySet<string> }
  /** A consumer group whose metadata cannot be read: it may be subscribed to anything. */
  | { readonly kind: 'unknown' }
  /** Not a consumer group, or not yet one: it is subscribed to nothing. */
  | { readonly kind: 'none' }

export function subscriptionOf(state: AnyGroupState, patterns: PatternView): Subscription {
  if (state.type === 'consumer') return subscriptionOfConsumers(state, patterns)
  if (state.protocolType !== consumerProtocolType) return { kind: 'none' }
  const names = new Set<string>()
  if (state.members.size > 0 && state.protocolName === null) return { kind: 'unknown' }
  for (const member of state.members.values()) {
    // A newcomer has no say in the generation that is.
    if (member.isNew) continue
    const topics = parseTopics(metadataOf(member, state.protocolName))
    if (topics === undefined) return { kind: 'unknown' }
    for (const name of topics) names.add(name)
  }
  return { kind: 'topics', names }
}

function subscriptionOfConsumers(
  { members }: ConsumerGroupState,
  patterns: PatternView,
): Subscription {
  const names = new Set<string>()
  for (const { topicNames, topicPattern } of members.values()) {
    for (const name of topicNames) names.add(name)
    if (topicPattern === null) continue
    // Since the broker has started nobody has come with it.
    if (patterns.serial(topicPattern) === 0) return { kind: 'unknown' }
    for (const name of patterns.matching(topicPattern)) names.add(name)
  }
  return { kind: 'topics', names }
}

export function isSubscribed(subscription: Subscription, topicName: string): boolean {
  if (subscription.kind === 'topics') return subscription.names.has(topicName)
  return subscription.kind === 'unknown'
}

/** undefined where the bytes are not a subscription. */
export function parseTopics(metadata: Uint8Array): string[] | undefined {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.length)
  if (view.byteLength < 6 || view.getInt16(0) < 0) return undefined
  const count = view.getInt32(2)
  // Every name takes two bytes at least.
  if (count < 0 || count * 2 > view.byteLength - 6) return undefined
  const names: string[] = []
  let at = 6
  for (let index = 0; index < count; index++) {
    if (at + 2 > view.byteLength) return undefined
    const length = view.getInt16(at)
    at += 2
    if (length < 0 || at + length > view.byteLength) return undefined
    names.push(new TextDecoder().decode(metadata.subarray(at, at + length)))
    at += length
  }
  return names
}
