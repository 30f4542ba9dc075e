/**
 * Every metric of `/metrics`: what is printed and what docs/reference/metrics.md says. Names follow
 * Prometheus' conventions: base units, `_total` for what only grows.
 */

export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  readonly doc: string
}

export const metricTable: Readonly<Record<string, MetricSpec>> = {
  karst_build_info: {
    type: 'gauge',
    labels: ['cluster_id', 'node_id'],
    doc: 'Always 1; tells which cluster and broker this is.',
  },
  karst_ready: {
    type: 'gauge',
    labels: [],
    doc: '1 where /readyz answers 200, else 0.',
  },
  karst_requests_total: {
    type: 'counter',
    labels: ['api', 'version', 'outcome'],
    doc:
      'Kafka requests, by API and version. Outcome `answered`, also with error codes in the ' +
      'answer; `silent`: none was asked for (acks=0); `closed`: the connection was ended instead.',
  },
  karst_requests_refused_total: {
    type: 'counter',
    labels: [],
    doc: 'Frames that were no request of a served API and version; each ended its connection.',
  },
  karst_request_bytes_total: {
    type: 'counter',
    labels: ['api'],
    doc: 'Bytes of Kafka requests.',
  },
  karst_request_duration_seconds: {
    type: 'histogram',
    labels: ['api'],
    doc: 'From a request to its answer. Fetch and JoinGroup wait where the client asks for it.',
  },
  karst_throttle_seconds: {
    type: 'histogram',
    labels: ['quota'],
    doc: 'How long clients were told to pause, by the quota that asked for it (KIP-219).',
  },
  karst_connections: {
    type: 'gauge',
    labels: [],
    doc: 'Open connections of Kafka clients.',
  },
  karst_request_memory_bytes: {
    type: 'gauge',
    labels: ['budget'],
    doc: 'Memory of requests under way: `produce`, `other`, `otlp`.',
  },
  karst_request_memory_limit_bytes: {
    type: 'gauge',
    labels: ['budget'],
    doc: 'Where that memory ends and connections wait.',
  },
  karst_topics: { type: 'gauge', labels: [], doc: 'Topics.' },
  karst_partitions: { type: 'gauge', labels: [], doc: 'Partitions of all topics.' },
  karst_topic_appended_batches_total: {
    type: 'counter',
    labels: ['topic'],
    doc: 'Batches appended. After 100 topics, by name, the others together have the label "".',
  },
  karst_topic_appended_records_total: {
    type: 'counter',
    labels: ['topic'],
    doc: 'Records appended (offsets given).',
  },
  karst_topic_appended_bytes_total: {
    type: 'counter',
    labels: ['topic'],
    doc: 'Bytes of batches appended, as producers compressed them.',
  },
  karst_topic_read_bytes_total: {
    type: 'counter',
    labels: ['topic'],
    doc: 'Bytes of batches read for consumers.',
  },
  karst_groups: {
    type: 'gauge',
    labels: [],
    doc: 'Consumer groups in memory: those with members, and those that were asked for lately.',
  },
  karst_append_queue_bytes: {
    type: 'gauge',
    labels: [],
    doc: 'Bytes accepted from producers and not yet durable and decided.',
  },
  karst_journal_write_seconds: {
    type: 'histogram',
    labels: [],
    doc: 'Making one group of appends durable: write and fdatasync.',
  },
  karst_journal_group_bytes: {
    type: 'histogram',
    labels: [],
    doc: 'Bytes of appends made durable by one write.',
  },
  karst_journal_group_runs: {
    type: 'histogram',
    labels: [],
    doc: 'Runs of batches, one per partition, made durable by one write.',
  },
  karst_journal_write_failures_total: {
    type: 'counter',
    labels: [],
    doc: 'Groups that could not be written: their producers were told to try again.',
  },
  karst_journal_finished_files: {
    type: 'gauge',
    labels: [],
    doc: 'Full journal files whose records are not packed yet.',
  },
  karst_catalog_transaction_seconds: {
    type: 'histogram',
    labels: ['name'],
    doc: 'Writing transactions of the catalog. `commit-groups` gives offsets to appends.',
  },
  karst_catalog_snapshot_seconds: {
    type: 'histogram',
    labels: ['name'],
    doc: 'Reading transactions of the catalog.',
  },
  karst_job_runs_total: {
    type: 'counter',
    labels: ['job'],
    doc: 'Runs of background jobs, counted when they begin.',
  },
  karst_job_failures_total: {
    type: 'counter',
    labels: ['job'],
    doc: 'Runs that failed; they are tried again.',
  },
  karst_job_last_run_seconds: {
    type: 'gauge',
    labels: ['job'],
    doc: 'How long the last run of a background job took.',
  },
  karst_packed_bytes_total: {
    type: 'counter',
    labels: [],
    doc: 'Bytes of batches written into packed objects.',
  },
  karst_packed_objects_total: {
    type: 'counter',
    labels: [],
    doc: 'Packed objects written.',
  },
  karst_merged_bytes_total: {
    type: 'counter',
    labels: [],
    doc: 'Bytes of batches written again because small pieces of packed objects were merged.',
  },
  karst_merged_extents_total: {
    type: 'counter',
    labels: [],
    doc: 'Pieces of packed objects that were merged into larger ones.',
  },
  karst_packing_damaged_runs: {
    type: 'gauge',
    labels: [],
    doc: 'Runs of batches that packing cannot read: anything but 0 is lost data.',
  },
  karst_journal_files_retired_total: {
    type: 'counter',
    labels: [],
    doc: 'Journal files whose records are packed, so that their space is used again.',
  },
  karst_compaction_passes_total: {
    type: 'counter',
    labels: [],
    doc: 'Passes of log compaction over a partition that came to their end.',
  },
  karst_compaction_read_bytes_total: {
    type: 'counter',
    labels: [],
    doc: 'Bytes of batches that compaction read; what is rewritten is read twice.',
  },
  karst_compaction_written_bytes_total: {
    type: 'counter',
    labels: [],
    doc: 'Bytes of the objects that compaction wrote.',
  },
  karst_compaction_removed_records_total: {
    type: 'counter',
    labels: [],
    doc: 'Records and markers that compaction took out of topics.',
  },
  karst_compaction_void_swaps_total: {
    type: 'counter',
    labels: [],
    doc: 'Objects that compaction wrote for nothing: what they replace was replaced or deleted.',
  },
  karst_compaction_uncleanable_partitions: {
    type: 'gauge',
    labels: [],
    doc: 'Partitions whose stored bytes are damaged, so that compaction leaves them alone.',
  },
  karst_retained_bytes_dropped_total: {
    type: 'counter',
    labels: [],
    doc: 'Bytes of batches that retention took out of topics.',
  },
  karst_objects_deleted_total: {
    type: 'counter',
    labels: [],
    doc: 'Objects deleted from storage because nothing names them.',
  },
  karst_objects_deleted_bytes_total: {
    type: 'counter',
    labels: [],
    doc: 'Bytes of those.',
  },
  karst_object_store_operations_total: {
    type: 'counter',
    labels: ['verb', 'outcome'],
    doc:
      'Operations on the bucket, where storage is one, retries included. Outcome `ok`, or what ' +
      'the failure was.',
  },
  karst_object_store_seconds: {
    type: 'histogram',
    labels: ['verb', 'priority'],
    doc: 'From an operation to its end: waiting in line, retries and pauses included.',
  },
  karst_object_store_bytes_total: {
    type: 'counter',
    labels: ['verb'],
    doc: 'Bytes stored and read by operations that succeeded.',
  },
  karst_object_store_requests_total: {
    type: 'counter',
    labels: ['verb'],
    doc: 'Requests sent to the store, hedges and retries included: what it bills.',
  },
  karst_object_store_retries_total: {
    type: 'counter',
    labels: ['verb'],
    doc: 'Those that were sent because an earlier one failed.',
  },
  karst_object_store_hedges_total: {
    type: 'counter',
    labels: ['verb'],
    doc: 'Those that were sent because an earlier one was slow.',
  },
  karst_zone_bytes_total: {
    type: 'counter',
    labels: ['direction', 'zone'],
    doc: 'Record bytes of clients in the zone of the broker (`same`), in another, or unknown.',
  },
  karst_contract_records_total: {
    type: 'counter',
    labels: [],
    doc: 'Records that were held to the contract of their topic.',
  },
  karst_contract_violations_total: {
    type: 'counter',
    labels: [],
    doc: 'Those of them that broke it, whether they were refused or written all the same.',
  },
  karst_contract_refused_batches_total: {
    type: 'counter',
    labels: [],
    doc: 'Batches that were refused for it.',
  },
  karst_contract_quarantined_records_total: {
    type: 'counter',
    labels: [],
    doc: 'Records that were taken out of their batches for it, retries counted again.',
  },
  karst_feed_polls_total: {
    type: 'counter',
    labels: [],
    doc: 'Looks at what other brokers of a fleet did.',
  },
  karst_feed_groups_total: {
    type: 'counter',
    labels: [],
    doc: 'Groups of appends that were taken in from the feed, own ones included.',
  },
  karst_feed_changes_total: {
    type: 'counter',
    labels: [],
    doc: 'Changes of topics, partitions, configs and quotas that were taken in from the feed.',
  },
  karst_feed_resets_total: {
    type: 'counter',
    labels: [],
    doc: 'Looks after which everything had to be read anew.',
  },
  karst_feed_last_poll_seconds: {
    type: 'gauge',
    labels: [],
    doc: 'The last look, until it was taken in.',
  },
  karst_inline_groups_total: {
    type: 'counter',
    labels: [],
    doc: 'Groups of appends that travelled in their commit.',
  },
  karst_inline_bytes_total: {
    type: 'counter',
    labels: [],
    doc: 'Their bytes.',
  },
  karst_inline_refused_total: {
    type: 'counter',
    labels: [],
    doc: 'Small groups, and batches of topics of the class `low`, that found the budget used up.',
  },
  karst_inline_unpacked_bytes: {
    type: 'gauge',
    labels: [],
    doc: 'Bytes in the database that are not packed yet, of all brokers, as far as this one knows.',
  },
  karst_clock_difference_seconds: {
    type: 'gauge',
    labels: [],
    doc:
      'How far the clock of the database is ahead of that of the machine. Beyond 300 the broker ' +
      'deletes nothing by time.',
  },
  karst_tail_cache_bytes: {
    type: 'gauge',
    labels: [],
    doc: 'Memory of the newest batches.',
  },
  karst_tail_cache_reads_total: {
    type: 'counter',
    labels: ['result'],
    doc: 'Reads that the tail cache answered (`hit`) or not (`miss`).',
  },
  karst_block_cache_bytes: {
    type: 'gauge',
    labels: [],
    doc: 'Memory of runs read from storage.',
  },
  karst_block_cache_reads_total: {
    type: 'counter',
    labels: ['result'],
    doc: 'Reads that the block cache answered (`hit`) or storage (`miss`).',
  },
  karst_block_cache_reads_ahead_total: {
    type: 'counter',
    labels: [],
    doc: 'Runs read from storage before anybody asked for them, behind readers in order.',
  },
  karst_disk_full: {
    type: 'gauge',
    labels: [],
    doc: '1 while writes are refused because the disk of the data folder is full.',
  },
  karst_registry_requests_total: {
    type: 'counter',
    labels: ['route', 'method', 'status'],
    doc: 'Requests to the schema registry, by route ("" for a path that is none) and HTTP status.',
  },
  karst_registry_request_duration_seconds: {
    type: 'histogram',
    labels: ['route', 'method'],
    doc: 'From the head of a request to the schema registry to its answer.',
  },
  karst_otlp_requests_total: {
    type: 'counter',
    labels: ['signal', 'status'],
    doc: 'OTLP requests, by signal ("" for a path that is none) and HTTP status.',
  },
  karst_otlp_request_bytes_total: {
    type: 'counter',
    labels: ['signal'],
    doc: 'Bytes of OTLP requests as they came.',
  },
  karst_otlp_items_total: {
    type: 'counter',
    labels: ['signal', 'outcome'],
    doc: 'Spans, log records and data points: `stored`, or `rejected` for good.',
  },
  karst_otlp_records_total: {
    type: 'counter',
    labels: ['signal'],
    doc: 'Records that OTLP requests became.',
  },
  karst_otlp_request_duration_seconds: {
    type: 'histogram',
    labels: ['signal'],
    doc: 'From the head of an OTLP request to its answer.',
  },
  process_cpu_seconds_total: {
    type: 'counter',
    labels: ['mode'],
    doc: 'CPU time of the process: `user`, `system`.',
  },
  process_resident_memory_bytes: { type: 'gauge', labels: [], doc: 'Resident memory.' },
  process_start_time_seconds: {
    type: 'gauge',
    labels: [],
    doc: 'When the process started, in seconds since 1970.',
  },
  nodejs_heap_size_used_bytes: { type: 'gauge', labels: [], doc: 'Heap in use.' },
  nodejs_heap_size_total_bytes: { type: 'gauge', labels: [], doc: 'Heap taken from the system.' },
  nodejs_external_memory_bytes: {
    type: 'gauge',
    labels: [],
    doc: 'Memory outside the heap that the heap names: buffers.',
  },
  nodejs_active_resources: {
    type: 'gauge',
    labels: ['type'],
    doc: 'What keeps the event loop alive: sockets, timers, requests to the system.',
  },
  nodejs_eventloop_utilization_ratio: {
    type: 'gauge',
    labels: [],
    doc: 'Share of time that the event loop was busy since the scrape before.',
  },
  nodejs_eventloop_lag_seconds: {
    type: 'gauge',
    labels: ['quantile'],
    doc: 'How late timers were since the scrape before, from the second scrape on.',
  },
}
