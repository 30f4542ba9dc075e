/** What handlers work with: the parts of a broker, and who it is. */
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { LogLevels } from '../base/log-levels.ts'
import type { Config } from '../config/options.ts'
import type { LiveConfigs } from '../catalog/live-configs.ts'
import type { Volume } from '../disk/disk.ts'
import type { TopicContracts } from '../contract/topic-contracts.ts'
import type { ClusterView } from '../fleet/cluster-view.ts'
import type { GroupCoordinator } from '../group/coordinator.ts'
import type { BrokerLog } from '../log/broker-log.ts'
import type { ClientQuotas } from '../quota/client-quotas.ts'
import type { Nudges } from './nudges.ts'
import type { QuotaMeters } from '../quota/quota-meters.ts'
import type { LogSink } from '../log/log-sink.ts'
import type { Repacker } from '../log/repacker.ts'
import type { TopicDirectory } from '../log/topic-directory.ts'
import type { TransactionCoordinator } from '../txn/coordinator.ts'
import type { ProducerIds } from '../txn/producer-ids.ts'
import type { ZoneTraffic } from './zone-traffic.ts'

export interface Broker {
  readonly clusterId: string
  readonly nodeId: number
  /** Who there is beside it, and who is shown for what. */
  readonly cluster: ClusterView
  /** Which clients are to look for another broker. */
  readonly nudges: Nudges
  /** Record bytes by where clients are. */
  readonly zoneTraffic: ZoneTraffic
  /** Of every partition, and of what stands for a controller. */
  readonly leaderEpoch: number
  /** What clients are told to connect to; known once the listener is bound. */
  readonly advertised: () => { readonly host: string; readonly port: number }
  readonly config: Config
  /** What was set at run time, and what topics and groups inherit. */
  readonly configs: LiveConfigs
  readonly topics: TopicDirectory
  readonly logs: BrokerLog
  readonly repacker: Repacker
  /** For what brokers write themselves. */
  readonly sink: LogSink
  /** What batches of topics are held to. */
  readonly contracts: TopicContracts
  /** Where everything lies. */
  readonly volume: () => Promise<Volume>
  readonly groups: GroupCoordinator
  readonly producerIds: ProducerIds
  readonly quotas: ClientQuotas
  readonly meters: QuotaMeters
  readonly transactions: TransactionCoordinator
  readonly clock: Clock
  readonly log: Log
  /** What `log` goes by; may be changed. */
  readonly logLevels: LogLevels
}
