/** Files without a test that imports them, and the suite that exercises each all the same. */

export interface Covered {
  /** Path or folder (ending in /) from the root of the repository. */
  readonly path: string
  /** The test file that would fail if this code were wrong. */
  readonly suite: string
}

export const covered: readonly Covered[] = [
  { path: 'src/group/', suite: 'src/group/simulation.test.ts' },
  { path: 'src/catalog/observed-database.ts', suite: 'test/e2e/full-disk.test.ts' },
  { path: 'src/journal/guarded-journal.ts', suite: 'test/e2e/full-disk.test.ts' },
  { path: 'src/catalog/timed-database.ts', suite: 'src/admin/metrics.test.ts' },
  { path: 'src/admin/', suite: 'src/admin/metrics.test.ts' },
  { path: 'src/client/', suite: 'src/cli/produce-consume.test.ts' },
  { path: 'src/server.ts', suite: 'tools/up.test.ts' },
  { path: 'src/cli/up.ts', suite: 'tools/up.test.ts' },
  { path: 'src/telemetry/export-answer.ts', suite: 'src/telemetry/http-receiver.test.ts' },
  { path: 'src/telemetry/http-body.ts', suite: 'src/telemetry/http-receiver.test.ts' },
  { path: 'src/telemetry/http-head.ts', suite: 'src/telemetry/http-receiver.test.ts' },
  { path: 'src/telemetry/json-reader.ts', suite: 'src/telemetry/json-to-protobuf.test.ts' },
  { path: 'src/telemetry/locate.ts', suite: 'src/telemetry/ingest.test.ts' },
  { path: 'src/telemetry/prepare-worker.ts', suite: 'src/telemetry/prepare-thread.test.ts' },
  { path: 'src/telemetry/protobuf-reader.ts', suite: 'src/telemetry/ingest.test.ts' },
  { path: 'src/cli/config-flags.ts', suite: 'src/cli/config.test.ts' },
  { path: 'src/config/relations.ts', suite: 'src/config/parse-config.test.ts' },
  { path: 'src/cli/commands.ts', suite: 'tools/launcher.test.ts' },
  { path: 'src/wire/messages/', suite: 'src/wire/message.test.ts' },
  { path: 'src/wire/codec.ts', suite: 'src/wire/message.test.ts' },
  { path: 'src/wire/reader.ts', suite: 'src/wire/limits.test.ts' },
  { path: 'src/wire/writer.ts', suite: 'src/wire/limits.test.ts' },
  { path: 'src/wire/malformed.ts', suite: 'src/wire/limits.test.ts' },
  { path: 'src/catalog/database.ts', suite: 'src/catalog/memory-database.test.ts' },
  { path: 'src/catalog/table.ts', suite: 'src/catalog/memory-database.test.ts' },
  { path: 'src/catalog/memory-table.ts', suite: 'src/catalog/memory-database.test.ts' },
  { path: 'src/catalog/memory-transaction.ts', suite: 'src/catalog/memory-database.test.ts' },
  { path: 'src/catalog/transaction-watch.ts', suite: 'src/catalog/memory-database.test.ts' },
  { path: 'src/catalog/contract-rows.ts', suite: 'src/catalog/memory-database.test.ts' },
  { path: 'src/catalog/contract-transactions.ts', suite: 'src/catalog/memory-database.test.ts' },
  { path: 'src/catalog/sqlite-checkpoints.ts', suite: 'src/catalog/sqlite-durability.test.ts' },
  { path: 'src/catalog/sqlite-connection.ts', suite: 'src/catalog/sqlite-database.test.ts' },
  { path: 'src/catalog/sqlite-failure.ts', suite: 'src/catalog/sqlite-durability.test.ts' },
  { path: 'src/catalog/sqlite-folder-lock.ts', suite: 'src/catalog/sqlite-durability.test.ts' },
  { path: 'src/catalog/sqlite-migrate.ts', suite: 'src/catalog/sqlite-durability.test.ts' },
  { path: 'src/catalog/sqlite-statements.ts', suite: 'src/catalog/sqlite-database.test.ts' },
  { path: 'src/catalog/sqlite-transaction.ts', suite: 'src/catalog/sqlite-database.test.ts' },
  { path: 'src/log/find-offset.ts', suite: 'src/kafka/handlers/02-list-offsets.test.ts' },
  { path: 'src/log/stored-runs.ts', suite: 'src/kafka/handlers/01-fetch.test.ts' },
  { path: 'src/log/topic-name.ts', suite: 'src/kafka/handlers/03-metadata.test.ts' },
  { path: 'src/main.ts', suite: 'tools/launcher.test.ts' },
  { path: 'src/journal/file-pool.ts', suite: 'src/journal/disk-journal.test.ts' },
  { path: 'src/journal/journal-object.ts', suite: 'src/journal/disk-journal.test.ts' },
  { path: 'src/journal/journal-recovery.ts', suite: 'src/journal/disk-journal.test.ts' },
  { path: 'src/journal/some-groups.ts', suite: 'src/journal/disk-journal.test.ts' },
  { path: 'src/objects/object-key.ts', suite: 'src/objects/disk-object-store.test.ts' },
  { path: 'src/objects/open-files.ts', suite: 'src/objects/disk-object-store.test.ts' },
]
