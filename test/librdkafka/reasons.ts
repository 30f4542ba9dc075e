/**
 * Why a test of librdkafka's suite does not pass: reviewed by hand. What is not here and does not
 * pass is shown as a miss without a reason.
 */
import type { Mode } from './runner.ts'
import type { SubjectName } from './subject.ts'
import type { State } from './verdict.ts'

export interface Reason {
  /** Beginning of the test's name. */
  readonly test: string
  /** Whose miss it explains; what explains Karst's explains a fleet's as well. Without it, all. */
  readonly subject?: SubjectName
  /** In which modes; without it, in all. */
  readonly modes?: readonly Mode[]
  readonly reason: string
}

const oneNode = 'Creates a topic with three replicas: this Kafka has one node.'
const acls = 'Sets ACLs: they come with authentication.'
const admin = 'Sets ACLs, users and a config of SASL: they come with authentication.'
const share = 'Share groups are not served yet, and not advertised.'

const together =
  'The suite waits for topics that match an expression one heartbeat after those that are named; ' +
  'the broker may assign both at once.'
const incremental =
  'The suite waits until all partitions are revoked and given anew; the modern protocol moves ' +
  'only those that change.'
const locks =
  'Waits for records whose lock has run out to come again: they do not come while the test waits.'
const race =
  'A race in librdkafka, met in some runs: who unsubscribes while a revocation waits for the ' +
  'application leaves the group without beginning anew, and is silent from then on, or says only ' +
  'what has changed, which no broker takes from one who joins. Slower answers do not meet it.'
const gathering =
  'Asks for latencies to some 10 ms: a fleet with little to do gathers for 20 ms, unless a topic ' +
  'is of the class `low`.'
const latency =
  'Asks for latencies to some 10 ms, which neither broker keeps while the machine is busy; alone ' +
  'on it the test passes.'

export const reasons: readonly Reason[] = [
  { test: '0045_resubscribe_with_regex', modes: ['consumer'], reason: together },
  { test: '0045_subscribe_update_topic_remove', modes: ['consumer'], reason: incremental },
  { test: '0045_subscribe_update_non_exist', modes: ['consumer'], reason: incremental },
  { test: '0045_subscribe_many', subject: 'karst', modes: ['consumer'], reason: race },
  { test: '0055_producer_latency', subject: 'fleet', reason: gathering },
  { test: '0055_producer_latency', reason: latency },
  { test: '0081_admin', subject: 'karst', reason: admin },
  { test: '0084_destroy_flags', modes: ['consumer'], reason: 'The suite skips it in this mode.' },
  { test: '0092_mixed_msgver', reason: 'Message format 1 is gone since Kafka 4.0.' },
  { test: '0097_ssl_verify', reason: 'Needs a TLS listener and certificates.' },
  { test: '0098_consumer_txn', subject: 'kafka', reason: oneNode },
  { test: '0101_fetch_from_follower', reason: 'Needs three brokers, each in a rack of its own.' },
  { test: '0103_transactions', subject: 'kafka', reason: oneNode },
  { test: '0107_topic_recreate', subject: 'kafka', reason: oneNode },
  { test: '0111_delay_create_topics', subject: 'kafka', reason: oneNode },
  { test: '0109_auto_create_topics', subject: 'karst', reason: acls },
  { test: '0115_producer_auth', subject: 'karst', reason: acls },
  { test: '0119_consumer_auth', subject: 'karst', reason: acls },
  { test: '0126_oauthbearer_oidc', reason: 'Needs a listener with SASL and an OIDC server.' },
  { test: '0132_strategy', modes: ['consumer'], reason: 'It is about classic assignors only.' },
  { test: '0135_sasl_credentials', reason: 'Needs a listener with SASL.' },
  { test: '0142_reauthentication', reason: 'Needs a listener with SASL.' },
  { test: '0173_share', subject: 'kafka', reason: locks },
  { test: '017', subject: 'karst', reason: share },
  { test: '018', subject: 'karst', reason: share },
]

interface Miss {
  readonly test: string
  readonly subject: SubjectName
  readonly mode: Mode
  readonly state: State
}

/** Undefined when nobody has explained it yet. */
export function reasonOf(miss: Miss, table: readonly Reason[] = reasons): string | undefined {
  const explains = (subject: SubjectName): boolean =>
    subject === miss.subject || (subject === 'karst' && miss.subject === 'fleet')
  return table.find(
    ({ test, subject, modes }) =>
      miss.test.startsWith(test) &&
      (subject === undefined || explains(subject)) &&
      (modes === undefined || modes.includes(miss.mode)),
  )?.reason
}
