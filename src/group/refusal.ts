/** Why a coordinator says no, in our words; Kafka's numeric codes are given at the edge. */

/**
 * - `invalid-group-id`: empty, or longer than `groupIdBytesMax`.
 * - `invalid-request`: a field that no client may send so (no protocol, too much metadata); see
 *   `detail`.
 * - `invalid-session-timeout`: outside of the broker's bounds.
 * - `inconsistent-protocol`: protocol type or protocols do not fit the group's.
 * - `unknown-member`: the member id is not (any more) of this group: join anew without one.
 * - `fenced-instance`: another process has joined with this instance id: stop.
 * - `illegal-generation`: not the group's present generation: join again.
 * - `rebalance-in-progress`: join again.
 * - `group-full`: the group has as many members as the broker allows.
 * - `group-not-found`: nothing is known of this group.
 * - `group-not-empty`: only groups without members allow this.
 * - `subscribed`: members of the group are subscribed to the topic.
 * - `metadata-too-large`: an offset's metadata is longer than `offsetMetadataBytesMax`.
 * - `unknown-topic`: the topic is not there (any more).
 * - `fenced-member-epoch`: the member's epoch is not (any more) its own: give all up, join anew.
 * - `stale-member-epoch`: the member has moved on: ask again with its present epoch.
 * - `unreleased-instance`: the static member's former process still has its place.
 * - `unsupported-assignor`: the broker does not have the assignor.
 * - `invalid-pattern`: a subscription's regular expression is none (RE2).
 * - `unsupported-version`: members of the consumer protocol have to say it in a later version.
 * - `not-coordinator`: this broker does not (any more) coordinate the group: find who does.
 * - `unavailable`: the catalog did not answer or a limit of this broker is reached; nothing was
 *   changed, try again.
 */
export type GroupRefusal =
  | 'invalid-group-id'
  | 'invalid-request'
  | 'invalid-session-timeout'
  | 'inconsistent-protocol'
  | 'unknown-member'
  | 'fenced-instance'
  | 'illegal-generation'
  | 'rebalance-in-progress'
  | 'group-full'
  | 'group-not-found'
  | 'group-not-empty'
  | 'subscribed'
  | 'metadata-too-large'
  | 'unknown-topic'
  | 'fenced-member-epoch'
  | 'stale-member-epoch'
  | 'unreleased-instance'
  | 'unsupported-assignor'
  | 'invalid-pattern'
  | 'unsupported-version'
  | 'not-coordinator'
  | 'unavailable'

export interface Refused {
  readonly outcome: 'refused'
  readonly reason: GroupRefusal
  /** What, where, what to do: for people. */
  readonly detail: string
}

export function refused(reason: GroupRefusal, detail: string): Refused {
  return { outcome: 'refused', reason, detail }
}
