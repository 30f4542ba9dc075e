/** What a scrape reads from a broker's parts, beside what was counted while they worked. */
import type { Journal } from '../journal/journal.ts'
import type { BrokerLog } from '../log/broker-log.ts'
import type { LogJobStats } from '../log/jobs.ts'
import type { PartitionTraffic } from '../log/partition-log.ts'
import type { TopicDirectory } from '../log/topic-directory.ts'
import type { Sample, Samples } from './exposition.ts'

/** See ZoneTraffic. */
export interface ZoneSamples {
  samples(): Iterable<readonly [direction: string, zone: string, bytes: number]>
}

/** See TopicContracts.stats. */
export interface ContractCounts {
  readonly records: number
  readonly violations: number
  readonly refusedBatches: number
  readonly quarantined: number
}

export interface ScrapedParts {
  readonly clusterId: string
  readonly nodeId: number
  readonly logs: Pick<BrokerLog, 'index' | 'tailCache' | 'blockCache' | 'queuedBytes'>
  readonly topics: Pick<TopicDirectory, 'all'>
  readonly journal: Pick<Journal, 'finished'>
  readonly jobs: LogJobStats
  readonly connectionCount: number
  readonly groupCount: number
  /** Memory of requests under way, by the name of its budget. */
  readonly budgets: Readonly<
    Record<string, { readonly usedBytes: number; readonly limitBytes: number }>
  >
  readonly isReady: boolean
  readonly zoneTraffic: ZoneSamples
  readonly contracts: ContractCounts
  readonly isDiskFull: boolean
}

/** Topics with series of their own; all others share one, so that nobody can fill a scrape. */
const topicsMax = 100
const others = ''

export function brokerSamples(parts: ScrapedParts): Samples[] {
  const { clusterId, nodeId, logs, topics, journal, budgets } = parts
  const one = (value: number): Sample[] => [[[], value]]
  const all = topics.all()
  const partitions = all.reduce((count, { partitionIds }) => count + partitionIds.length, 0)
  const memory = Object.entries(budgets)
  return [
    ['karst_build_info', [[[clusterId, String(nodeId)], 1]]],
    ['karst_ready', one(parts.isReady ? 1 : 0)],
    ['karst_connections', one(parts.connectionCount)],
    [
      'karst_request_memory_bytes',
      memory.map(([name, { usedBytes }]): Sample => [[name], usedBytes]),
    ],
    [
      'karst_request_memory_limit_bytes',
      memory.map(([name, { limitBytes }]): Sample => [[name], limitBytes]),
    ],
    ['karst_topics', one(all.length)],
    ['karst_partitions', one(partitions)],
    ['karst_groups', one(parts.groupCount)],
    ['karst_append_queue_bytes', one(logs.queuedBytes)],
    ['karst_journal_finished_files', one(journal.finished().length)],
    ['karst_tail_cache_bytes', one(logs.tailCache.stats.bytes)],
    ['karst_tail_cache_reads_total', reads(logs.tailCache.stats)],
    ['karst_block_cache_bytes', one(logs.blockCache.stats.bytes)],
    ['karst_block_cache_reads_total', reads(logs.blockCache.stats)],
    ['karst_block_cache_reads_ahead_total', one(logs.blockCache.stats.ahead)],
    ['karst_disk_full', one(parts.isDiskFull ? 1 : 0)],
    ['karst_zone_bytes_total', zoneSamples(parts.zoneTraffic)],
    ['karst_contract_records_total', one(parts.contracts.records)],
    ['karst_contract_violations_total', one(parts.contracts.violations)],
    ['karst_contract_refused_batches_total', one(parts.contracts.refusedBatches)],
    ['karst_contract_quarantined_records_total', one(parts.contracts.quarantined)],
    ...jobSamples(parts.jobs),
    ...trafficSamples(parts),
  ]
}

const reads = ({ hits, misses }: { hits: number; misses: number }): Sample[] => [
  [['hit'], hits],
  [['miss'], misses],
]

const zoneSamples = (traffic: ZoneSamples): Sample[] =>
  [...traffic.samples()].map(([direction, zone, bytes]) => [[direction, zone], bytes])

function jobSamples({ pack, merge, compact, retain, collect, jobs }: LogJobStats): Samples[] {
  const one = (value: number): Sample[] => [[[], value]]
  const runs = jobs.map((job): Sample => [[job.name], job.runs])
  const failures = jobs.map((job): Sample => [[job.name], job.failures])
  const lastRuns = jobs.flatMap(({ name, lastMs }): Sample[] =>
    lastMs === undefined ? [] : [[[name], lastMs / 1_000]],
  )
  return [
    ['karst_job_runs_total', runs],
    ['karst_job_failures_total', failures],
    ['karst_job_last_run_seconds', lastRuns],
    ['karst_packed_bytes_total', one(pack.bytes)],
    ['karst_packed_objects_total', one(pack.objects)],
    ['karst_merged_bytes_total', one(merge.bytes)],
    ['karst_merged_extents_total', one(merge.replaced)],
    ['karst_packing_damaged_runs', one(pack.damagedRuns)],
    ['karst_journal_files_retired_total', one(pack.retired)],
    ['karst_compaction_passes_total', one(compact.passes)],
    ['karst_compaction_read_bytes_total', one(compact.readBytes)],
    ['karst_compaction_written_bytes_total', one(compact.writtenBytes)],
    ['karst_compaction_removed_records_total', one(compact.recordsRemoved)],
    ['karst_compaction_void_swaps_total', one(compact.voidSwaps)],
    ['karst_compaction_uncleanable_partitions', one(compact.uncleanable)],
    ['karst_retained_bytes_dropped_total', one(retain.bytes)],
    ['karst_objects_deleted_total', one(collect.objects)],
    ['karst_objects_deleted_bytes_total', one(collect.bytes)],
  ]
}

function trafficSamples({ logs, topics }: ScrapedParts): Samples[] {
  const byTopic = new Map<string, PartitionTraffic>()
  const sorted = topics.all().toSorted((a, b) => (a.name < b.name ? -1 : 1))
  for (const [index, { name, partitionIds }] of sorted.entries()) {
    const label = index < topicsMax ? name : others
    const sum = byTopic.get(label) ?? {
      appendedBatches: 0,
      appendedRecords: 0,
      appendedBytes: 0,
      readBytes: 0,
    }
    byTopic.set(label, sum)
    for (const partitionId of partitionIds) {
      const traffic = logs.index.get(partitionId)?.traffic
      if (traffic === undefined) continue
      sum.appendedBatches += traffic.appendedBatches
      sum.appendedRecords += traffic.appendedRecords
      sum.appendedBytes += traffic.appendedBytes
      sum.readBytes += traffic.readBytes
    }
  }
  const each = (read: (traffic: PartitionTraffic) => number): Sample[] =>
    [...byTopic].map(([topic, traffic]): Sample => [[topic], read(traffic)])
  return [
    ['karst_topic_appended_batches_total', each(({ appendedBatches }) => appendedBatches)],
    ['karst_topic_appended_records_total', each(({ appendedRecords }) => appendedRecords)],
    ['karst_topic_appended_bytes_total', each(({ appendedBytes }) => appendedBytes)],
    ['karst_topic_read_bytes_total', each(({ readBytes }) => readBytes)],
  ]
}
