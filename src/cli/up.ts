/** `karst up`: a broker in this process, until it is told to stop. */
import { isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { pinoLog } from '../base/pino-log.ts'
import { systemClock } from '../base/system-clock.ts'
import { systemRandom } from '../base/system-random.ts'
import { TaskGroup } from '../base/task-group.ts'
import { openSqliteDatabase } from '../catalog/sqlite-database.ts'
import { addressOf, formatAddress } from '../config/address.ts'
import type { LoadedConfig } from '../config/parse-config.ts'
import { nodeDisk } from '../disk/node-disk.ts'
import { nodeNetwork } from '../kafka/node-network.ts'
import { bound, startServer, type World } from '../server.ts'
import { type Command, type CommandIo, exitCode } from './command.ts'
import { configFlags, configFlagsShown, loadConfig } from './config-flags.ts'
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
  const log = pinoLog({
    level: config['log.level'],
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
    log,
  }
  const tasks = new TaskGroup()
  let isClean = false
  try {
    const ready = await startAll(loaded, world, tasks)
    io.out(`${ready}\n`)
    const stopped = Promise.withResolvers<void>()
    io.signal.addEventListener('abort', () => stopped.resolve(), { once: true })
    if (!io.signal.aborted) await Promise.race([stopped.promise, tasks.failure])
    log.info({}, 'stopping')
  } finally {
    isClean = await stopAll(tasks, log)
  }
  log.info({ isClean }, 'stopped')
  return isClean ? exitCode.ok : exitCode.failure
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

async function startAll(loaded: LoadedConfig, world: World, tasks: TaskGroup): Promise<string> {
  const { config } = loaded
  const { log, clock } = world
  const [{ startAdminHttp }, { startOtlpHttp }, { otlpLimitsFor }] = await Promise.all([
    import('../admin/admin-http.ts'),
    import('../telemetry/http-receiver.ts'),
    import('../telemetry/limits.ts'),
  ])
  const server = await startServer(loaded, world)
  tasks.defer('server', () => server.close())
  const listening = startOtlpHttp({
    listen: addressOf(config['otlp.http.listen']),
    sink: server.sink,
    limits: otlpLimitsFor(config['otlp.max.request.bytes']),
    clock,
    log: log.child({ part: 'otlp' }),
  })
  const otlp = await bound('--otlp-http', listening)
  tasks.defer('otlp', () => otlp.close())
  const answering = startAdminHttp({
    listen: addressOf(config['http.listen']),
    notReady: () => readiness(server),
    degraded: () => server.space.full,
    metrics: async () => ({ body: '', contentType: 'text/plain; version=0.0.4' }),
  })
  const http = await bound('--http', answering)
  tasks.defer('http', () => http.close())
  const kafka = formatAddress(server.kafkaAddress)
  return `ready kafka=${kafka} http=${formatAddress(http.address)} otlp=${otlp.address}`
}

async function readiness(
  server: Awaited<ReturnType<typeof startServer>>,
): Promise<string | undefined> {
  try {
    await server.broker.logs.freshPartitions([])
    return undefined
  } catch (error) {
    if (!isFailure(error)) throw error
    return error.message
  }
}
