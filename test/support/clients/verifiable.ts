/**
 * Producers that tell what was acknowledged at which offset, and a reader that never gives up:
 * programs of their own, so that they outlive a broker and press on while it is down.
 */
import type { Acknowledged, ReadRecord } from '../acknowledged.ts'
import { buildRdkafkaClient } from '../install.ts'
import { openJavaTool, propertiesFile } from '../java-tools.ts'
import { Program } from '../program.ts'

export interface ProducerOptions {
  bootstrap: string
  topic: string
  partitions: number
  /** Without it, until stopped. */
  count?: number
  perSecond: number
  padBytes?: number
  /** Of Java, by its names; not its way of delivering. */
  settings?: Readonly<Record<string, string>>
  timeoutMs: number
}

export interface VerifiableProducer {
  name: string
  /** In the order in which they were heard of; the same list each time, which grows. */
  acknowledged: () => readonly Acknowledged[]
  acknowledgedCount: () => number
  /** Records that the client gave up. */
  failed: () => string[]
  /** What the client said on its way: the last 8 KiB. */
  told: () => string
  /** Lets it finish what is in flight. */
  stop: () => Promise<void>
  /** Resolves when it has written `count` records. */
  finished: () => Promise<void>
}

// Kafka's default of 2 minutes per record is more than any outage here lasts.
const retryForMs = 120_000

/** librdkafka, idempotent. Record n goes to partition n % partitions. */
export async function openRdkafkaProducer(options: ProducerOptions): Promise<VerifiableProducer> {
  const { bootstrap, topic, partitions, count = -1, perSecond, padBytes = 0 } = options
  const numbers = [String(partitions), String(count), String(perSecond)]
  const settings = [
    `bootstrap.servers=${bootstrap}`,
    'enable.idempotence=true',
    'linger.ms=5',
    'reconnect.backoff.max.ms=250',
    `message.timeout.ms=${retryForMs}`,
  ]
  const args = ['produce', topic, ...numbers, 'rd', String(padBytes), ...settings]
  const client = await buildRdkafkaClient()
  const program = new Program('rdkafka-client', client, args, { timeoutMs: options.timeoutMs })
  return follow('librdkafka', program, 'acked', 'error')
}

/** Kafka's VerifiableProducer, idempotent, with the retries that it turns off by default. */
export async function openJavaProducer(options: ProducerOptions): Promise<VerifiableProducer> {
  const { bootstrap, topic, count = -1, perSecond, settings = {}, timeoutMs } = options
  const config = await propertiesFile({
    'enable.idempotence': 'true',
    retries: '2147483647',
    'delivery.timeout.ms': String(retryForMs),
    'request.timeout.ms': '10000',
    'linger.ms': '5',
    'reconnect.backoff.max.ms': '250',
    'retry.backoff.max.ms': '250',
    // Without keys a batch is all that goes to one partition; small ones reach all of them.
    'batch.size': '4096',
    ...settings,
  })
  const flags = ['--bootstrap-server', bootstrap, '--topic', topic, '--value-prefix', '7']
  const load = ['--max-messages', String(count), '--throughput', String(perSecond)]
  const all = [...flags, ...load, '--command-config', config]
  const program = await openJavaTool('verifiableProducer', all, { timeoutMs })
  return follow('java', program, 'producer_send_success', 'producer_send_error')
}

function follow(
  name: string,
  program: Program,
  success: string,
  failure: string,
): VerifiableProducer {
  const succeeded = (line: string) => line.includes(`"${success}"`)
  let looked = 0 // lines looked at, so that asking often stays cheap
  const found: Acknowledged[] = []
  const acknowledged = () => {
    for (; looked < program.lines.length; looked++) {
      const line = program.lines[looked] ?? ''
      if (succeeded(line)) found.push(toAcknowledged(line))
    }
    return found
  }
  const acknowledgedCount = () => acknowledged().length
  const failed = () => program.lines.filter((line) => line.includes(`"${failure}"`))
  const stop = async () => {
    const exit = await program.stop(retryForMs)
    if (exit.signal === 'SIGKILL') throw new Error(`${name} did not finish`)
  }
  return {
    name,
    acknowledged,
    acknowledgedCount,
    failed,
    told: () => program.errors,
    stop,
    finished: () => program.succeeded(),
  }
}

function toAcknowledged(line: string): Acknowledged {
  const { partition, offset, value } = JSON.parse(line) as Acknowledged
  return { partition, offset, value }
}

export interface Reader {
  records: () => ReadRecord[]
  stop: () => Promise<void>
}

/** librdkafka on all partitions from their beginning, through every outage. */
export async function openReader(
  bootstrap: string,
  topic: string,
  partitions: number,
  timeoutMs: number,
): Promise<Reader> {
  const settings = [
    `bootstrap.servers=${bootstrap}`,
    'group.id=reader',
    'enable.auto.commit=false',
    'reconnect.backoff.max.ms=250',
    // An offset that is suddenly out of range is a loss: say so, and do not jump over it.
    'auto.offset.reset=error',
  ]
  const args = ['consume', topic, String(partitions), ...settings]
  const program = new Program('reader', await buildRdkafkaClient(), args, { timeoutMs })
  const records = () =>
    program.lines
      .filter((line) => line.includes('"read"'))
      .map((line) => JSON.parse(line) as ReadRecord)
  const stop = async () => {
    await program.stop()
    const jumped = program.lines.find((line) => line.includes('_AUTO_OFFSET_RESET'))
    if (jumped !== undefined) throw new Error(`the reader fell out of the log: ${jumped}`)
  }
  return { records, stop }
}
