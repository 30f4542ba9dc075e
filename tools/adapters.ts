/** The files that may touch the world, and what each may name. Lint reads this table. */

export interface Adapter {
  /** Path or folder (ending in /) from the root of the repository. */
  readonly path: string
  readonly why: string
  readonly globals?: readonly string[]
  readonly imports?: readonly string[]
  readonly properties?: readonly string[]
}

export interface Ban {
  readonly name: string
  /** What to use in its place: printed by the linter. */
  readonly instead: string
}

const clock = 'take a Clock (src/base/clock.ts)'
const disk = 'take the port that an adapter in tools/adapters.ts implements'

export const bannedGlobals: readonly Ban[] = [
  { name: 'Date', instead: `${clock}: nowMs()` },
  { name: 'performance', instead: `${clock}: monotonicMs()` },
  { name: 'setTimeout', instead: `${clock}: after(), or sleep()` },
  { name: 'clearTimeout', instead: 'cancel the Timer that Clock.after() returned' },
  { name: 'setInterval', instead: `${clock} and loop: await sleep(clock, ms, signal)` },
  { name: 'clearInterval', instead: 'abort the signal of the loop' },
  { name: 'setImmediate', instead: `${clock}: after(0, run)` },
  { name: 'process', instead: 'src/main.ts reads it and passes on what a part needs' },
  { name: 'console', instead: 'take a Log, or CommandIo in a command' },
  { name: 'crypto', instead: 'take a Random (src/base/random.ts)' },
  { name: 'globalThis', instead: 'name what you need, so that lint sees it' },
  { name: 'fetch', instead: 'take the port of whatever is asked' },
]

export const bannedProperties: readonly (Ban & { readonly object: string })[] = [
  { object: 'Math', name: 'random', instead: 'take a Random (src/base/random.ts)' },
]

export const bannedImports: readonly Ban[] = [
  { name: 'node:fs', instead: disk },
  { name: 'node:fs/promises', instead: disk },
  { name: 'node:net', instead: disk },
  { name: 'node:tls', instead: disk },
  { name: 'node:dns', instead: disk },
  { name: 'node:dns/promises', instead: disk },
  { name: 'node:http', instead: disk },
  { name: 'node:https', instead: disk },
  { name: 'node:http2', instead: disk },
  { name: 'node:sqlite', instead: 'take a Catalog (src/catalog/)' },
  { name: 'node:crypto', instead: 'take a Random (src/base/random.ts)' },
  { name: 'node:timers', instead: clock },
  { name: 'node:timers/promises', instead: clock },
  { name: 'node:perf_hooks', instead: clock },
  { name: 'node:process', instead: 'src/main.ts reads it and passes on what a part needs' },
  { name: 'node:child_process', instead: disk },
  { name: 'node:worker_threads', instead: disk },
  { name: 'node:v8', instead: 'set what the process needs in src/v8-flags.ts' },
  { name: 'node:os', instead: 'src/main.ts reads it and passes on what a part needs' },
  { name: 'pg', instead: 'take a CatalogDatabase (src/catalog/)' },
  { name: 'pino', instead: 'take a Log' },
  { name: '@aws-sdk/client-s3', instead: 'take an ObjectStore; it is imported at run time only' },
  { name: '@node-rs/crc32', instead: 'crc32c() of src/base/crc32c.ts' },
]

/** One line per file that is allowed something of the above. Add yours with its reason. */
export const adapters: readonly Adapter[] = [
  {
    path: 'src/base/system-clock.ts',
    why: 'the real Clock',
    globals: ['Date', 'performance', 'setTimeout', 'clearTimeout', 'setImmediate'],
  },
  {
    path: 'src/base/after-turn.ts',
    why: 'the tick queue, which is no clock',
    globals: ['process'],
  },
  { path: 'src/base/iso-time.ts', why: 'the calendar, without a clock', globals: ['Date'] },
  { path: 'src/cli/http-ask.ts', why: 'asks brokers over HTTP', globals: ['fetch'] },
  { path: 'src/client/node-dial.ts', why: 'real TCP to brokers', imports: ['node:net'] },
  {
    path: 'src/admin/process-stats.ts',
    why: 'what the process takes of its machine, for metrics',
    globals: ['process', 'performance'],
    imports: ['node:perf_hooks'],
  },
  {
    path: 'src/base/node-http.ts',
    why: 'HTTP servers, at little cost',
    globals: ['process'],
    imports: ['node:http'],
  },
  { path: 'src/base/crc32c.ts', why: 'the checksum', imports: ['@node-rs/crc32'] },
  { path: 'src/disk/node-disk.ts', why: 'the real Disk', imports: ['node:fs'] },
  {
    path: 'src/catalog/postgres/root-certificates.ts',
    why: 'the authorities that the URL of a catalog names',
    imports: ['node:fs/promises'],
  },
  {
    path: 'src/catalog/postgres/session.ts',
    why: "the catalog's connections to PostgreSQL",
    imports: ['pg'],
  },
  {
    path: 'src/catalog/postgres/raw-query.ts',
    why: 'statements on them',
    imports: ['pg'],
  },
  {
    path: 'src/catalog/sqlite-checkpoints.ts',
    why: 'checkpoints run in a thread of their own',
    imports: ['node:worker_threads'],
  },
  {
    path: 'src/catalog/sqlite-connection.ts',
    why: "the catalog's connections to SQLite",
    imports: ['node:sqlite'],
  },
  {
    path: 'src/catalog/sqlite-folder-lock.ts',
    why: 'only SQLite reaches the locks of the operating system',
    imports: ['node:sqlite'],
  },
  {
    path: 'src/telemetry/http-receiver.ts',
    why: 'OTLP over HTTP',
    imports: ['node:http', 'node:net'],
  },
  {
    path: 'src/telemetry/prepare-thread.ts',
    why: 'large OTLP requests are prepared in a thread',
    imports: ['node:worker_threads'],
  },
  {
    path: 'src/telemetry/prepare-worker.ts',
    why: 'that thread',
    imports: ['node:worker_threads'],
  },
  {
    path: 'src/base/worker-line.ts',
    why: 'jobs for a thread of its own',
    imports: ['node:worker_threads'],
  },
  { path: 'src/base/serve-line.ts', why: 'that thread', imports: ['node:worker_threads'] },
  {
    path: 'src/log/compact-thread.ts',
    why: 'compaction judges batches in a thread',
    imports: ['node:worker_threads'],
  },
  { path: 'src/log/compact-worker.ts', why: 'that thread', imports: ['node:worker_threads'] },
  { path: 'src/telemetry/http-body.ts', why: 'bodies of OTLP requests', imports: ['node:http'] },
  { path: 'src/base/pino-log.ts', why: 'the real Log', imports: ['pino'] },
  {
    path: 'src/admin/admin-http.ts',
    why: 'health and metrics over real HTTP',
    imports: ['node:http'],
  },
  {
    path: 'src/registry/http/registry-http.ts',
    why: 'schemas over real HTTP',
    imports: ['node:http', 'node:net'],
  },
  {
    path: 'src/registry/http/request-body.ts',
    why: 'bodies of requests for schemas',
    imports: ['node:http'],
  },
  {
    path: 'src/registry/schema-content.ts',
    why: 'the hash of a schema, which is no chance',
    imports: ['node:crypto'],
  },
  { path: 'src/base/system-random.ts', why: 'the real Random', imports: ['node:crypto'] },
  {
    path: 'src/log/key-digest.ts',
    why: 'SHA-256 of keys, which is no chance',
    imports: ['node:crypto'],
  },
  {
    path: 'src/objects/s3/s3-body.ts',
    why: 'SHA-256 of what is sent, which is no chance',
    imports: ['node:crypto'],
  },
  {
    path: 'src/objects/s3/sdk-s3.ts',
    why: 'real S3',
    imports: ['@aws-sdk/client-s3'],
  },
  { path: 'src/kafka/node-network.ts', why: 'real TCP', imports: ['node:net'] },
  {
    path: 'src/catalog/contract-transactions.ts',
    why: 'a suite of tests, shared by adapters',
    globals: ['setInterval', 'clearInterval'],
  },
  {
    path: 'src/v8-flags.ts',
    why: 'sets what of V8 only the whole process can set',
    imports: ['node:v8'],
  },
  {
    path: 'src/main.ts',
    why: 'the only reader of process.*, the only caller of exit',
    globals: ['process', 'performance'],
    imports: ['node:fs', 'node:fs/promises'],
  },
]
