/** `karst up`: a broker in this process, until it is told to stop. */
import { assert } from '../base/assert.ts'
import type { Log } from '../base/log.ts'
import { logLevelOf, LogLevels } from '../base/log-levels.ts'
import { pinoLog } from '../base/pino-log.ts'
import { systemClock } from '../base/system-clock.ts'
import { systemRandom } from '../base/system-random.ts'
import { TaskGroup } from '../base/task-group.ts'
import { openSqliteDatabase } from '../catalog/sqlite-database.ts'
import { addressOf, formatAddress } from '../config/address.ts'
import type { Config } from '../config/options.ts'
import type { LoadedConfig } from '../config/parse-config.ts'
import { parseStorageUrl } from '../config/storage-url.ts'
import { CheckThread } from '../contract/check/check-thread.ts'
import { CheckThreads } from '../contract/check/check-threads.ts'
import { QuickChecker } from '../contract/check/quick-checker.ts'
import { nodeDisk } from '../disk/node-disk.ts'
import { nodeNetwork } from '../kafka/node-network.ts'
import { openPassWithThread } from '../log/compact-thread.ts'
import { RepackThread } from '../log/repack-thread.ts'
import { bound, startServer } from '../server.ts'
import type { World } from '../start/world.ts'
import { setV8Flags } from '../v8-flags.ts'
import { type Command, type CommandIo, exitCode } from './command.ts'
import { configFlags, configFlagsShown, loadConfig } from './config-flags.ts'
import { BrokerStatus } from './broker-status.ts'
import { formatHelp, parseFlags } from './flags.ts'

export const up: Command = {
  name: 'up',
  summary: 'Run a broker in this process',
  help: formatHelp({
    usage: 'up [FLAGS]',
    about:
      'Serves Kafka clients and OpenTelemetry from one process and one data folder, and prints\n' +
      'one line when it is ready. SIGTERM or Ctrl-C stops it cleanly.',
    flags: configFlagsShown,
    examples: [
      ['up', 'a broker on 127.0.0.1:9092, its data in ./karst-data'],
      ['up --data /var/lib/karst --kafka 0.0.0.0:9092', 'for other machines'],
    ],
  }),
  async run(argv, io) {
    const loaded = await loadConfig(parseFlags(configFlags, argv).flags, io)
    return serve(loaded, io)
  },
}

async function serve(loaded: LoadedConfig, io: CommandIo): Promise<0 | 1> {
  const { config } = loaded
  const logLevels = new LogLevels(logLevelOf(config['log.level']))
  const log = pinoLog({
    levels: logLevels,
    format: config['log.format'],
    write: (line) => io.err(line),
  })
  const world: World = {
    clock: systemClock,
    random: systemRandom,
    disk: nodeDisk,
    network: nodeNetwork,
    openDatabase: (folder) =>
      openSqliteDatabase({
        path: `${folder}/catalog.sqlite`,
        clock: systemClock,
        checkpointFailed: (error) => log.warn({ error }, 'the catalog’s log grows'),
      }),
    ...fleetOf(config, log),
    checker: new QuickChecker(
      new CheckThreads(
        () => new CheckThread(systemClock, log.child({ part: 'contract' })),
        config['contract.check.threads'],
      ),
    ),
    repacker: new RepackThread(systemClock, log.child({ part: 'repack' })),
    openPass: openPassWithThread,
    log,
    logLevels,
  }
  setV8Flags(buffersMaxOf(config))
  const tasks = new TaskGroup()
  const status = new BrokerStatus()
  let isClean = false
  try {
    const ready = await startAll(loaded, world, tasks, status)
    io.out(`${ready}\n`)
    const stopped = Promise.withResolvers<void>()
    io.signal.addEventListener('abort', () => stopped.resolve(), { once: true })
    if (!io.signal.aborted) await Promise.race([stopped.promise, tasks.failure])
    log.info({}, 'stopping')
  } finally {
    status.isStopping = true
    isClean = await stopAll(tasks, log)
  }
  log.info({ isClean }, 'stopped')
  return isClean ? exitCode.ok : exitCode.failure
}

/** Caches, requests, and what is being packed. */
function buffersMaxOf(config: Config): number {
  return (
    config['tail.cache.bytes'] +
    config['block.cache.bytes'] +
    config['journal.cache.bytes'] +
    config['produce.memory.bytes'] +
    config['queued.max.request.bytes'] +
    4 * config['pack.object.bytes']
  )
}

/** What only a fleet needs is loaded only for it: an embedded broker does not pay for it. */
function fleetOf(config: Config, log: Log): Pick<World, 'fleet'> {
  const { 'storage.url': storage, 'catalog.url': catalog } = config
  if (storage === undefined || catalog === undefined) return {}
  const read = parseStorageUrl(storage)
  assert(read.ok, 'the option was checked when it was read')
  const [clock, random] = [systemClock, systemRandom]
  return {
    fleet: {
      place: `s3://${[read.url.bucket, read.url.prefix].filter((part) => part !== '').join('/')}`,
      openDatabase: async (accept) => {
        const { openPostgresDatabase } = await import('../catalog/postgres/database.ts')
        const own = { url: catalog, clock, log: log.child({ part: 'catalog' }) }
        return openPostgresDatabase(accept === undefined ? own : { ...own, accept })
      },
      openObjects: async (seen) => {
        const { openS3ObjectStore } = await import('../objects/s3/open-s3-object-store.ts')
        return openS3ObjectStore({ url: read.url, clock, random, log, seen })
      },
    },
  }
}

/** Longer than all parts together may take; a disk that hangs would hang the stop for ever. */
const stopMsMax = 20_000

/** True where every part stopped as it should. What was acknowledged is durable either way. */
async function stopAll(tasks: TaskGroup, log: Log): Promise<boolean> {
  const late = Promise.withResolvers<boolean>()
  const timer = systemClock.after(stopMsMax, () => {
    log.error({ stopMsMax }, 'not everything stopped in time: ending all the same')
    late.resolve(false)
  })
  const stopped = tasks.stop().then(
    () => true,
    (error: unknown) => {
      log.error({ error }, 'not everything stopped cleanly')
      return false
    },
  )
  const isClean = await Promise.race([stopped, late.promise])
  timer.cancel()
  return isClean
}

/** First up and last down, so that whoever asks hears that a broker starts or stops. */
async function startAll(
  loaded: LoadedConfig,
  world: World,
  tasks: TaskGroup,
  status: BrokerStatus,
): Promise<string> {
  const { config } = loaded
  const { log } = world
  const [{ startAdminHttp }, { startOtlpHttp }, { otlpLimitsFor }] = await Promise.all([
    import('../admin/admin-http.ts'),
    import('../telemetry/http-receiver.ts'),
    import('../telemetry/limits.ts'),
  ])
  const answering = startAdminHttp({
    listen: addressOf(config['http.listen']),
    notReady: () => status.notReady(),
    degraded: () => status.server?.lack(),
    metrics: () => status.metrics(),
    placement: async (topic) => status.server?.placement(topic),
  })
  const http = await bound('--http', answering)
  tasks.defer('http', () => http.close())
  const server = await startServer(loaded, world)
  tasks.defer('server', () => server.close())
  server.failure.catch((error: unknown) => tasks.fail('server', error))
  status.server = server
  const limits = otlpLimitsFor(config['otlp.max.request.bytes'])
  const listening = startOtlpHttp({
    listen: addressOf(config['otlp.http.listen']),
    sink: server.sink,
    limits,
    clock: server.broker.clock,
    log: log.child({ part: 'otlp' }),
    metrics: { onRequest: (seen) => server.metrics.otlpRequest(seen) },
  })
  const otlp = await bound('--otlp-http', listening)
  tasks.defer('otlp', () => otlp.close())
  status.otlp = {
    usedBytes: () => otlp.inFlightBytes(),
    limitBytes: limits.inFlightBytesMax,
  }
  const { startRegistry } = await import('../start/start-registry.ts')
  const { broker, database } = server
  const answeringSchemas = startRegistry({
    ...{ broker, database, log, clock: broker.clock },
    onRequest: (seen) => server.metrics.registryRequest(seen),
  })
  const registry = await bound('--registry', answeringSchemas)
  tasks.defer('registry', () => registry.close())
  const said = {
    kafka: formatAddress(server.kafkaAddress),
    http: formatAddress(http.address),
    otlp: otlp.address,
    registry: formatAddress(registry.address),
  }
  return `ready ${Object.entries(said)
    .map(([name, address]) => `${name}=${address}`)
    .join(' ')}`
}
