/** librdkafka's performance client: somebody else's code as the load, with its own stopwatch. */
import { Program, run } from '../test/support/program.ts'

export interface ProduceLoad {
  readonly bootstrap: string
  readonly topic: string
  readonly batchBytes: number
  readonly records: number
  /** Requests on their way at once; default 5, the most that an idempotent producer may have. */
  readonly inFlight?: number
}

export interface Speed {
  readonly megabytes: number
  readonly megabytesPerSecond: number
}

/** Of a record; with its overhead it takes about 1,033 bytes of a batch. */
export const recordBytes = 1_024

/** librdkafka waits for a dead broker without end. */
const timeoutMs = 120_000
/** No measurement is longer. */
const followMsMax = 30 * 60_000

/** Enough for many full batches per partition, whatever their number. */
const queue = ['queue.buffering.max.messages=400000', 'queue.buffering.max.kbytes=400000']

/**
 * Produces with acks=all. A partition is filled for 10 ms before another has its turn, so that
 * batches are full.
 */
export async function produceLoad(program: string, load: ProduceLoad): Promise<Speed> {
  const { bootstrap, topic, batchBytes, records, inFlight = 5 } = load
  const settings = [
    ...queue,
    `batch.size=${batchBytes}`,
    `message.max.bytes=${Math.max(batchBytes, 10_000)}`,
    'batch.num.messages=100000',
    'linger.ms=20',
    'sticky.partitioning.linger.ms=10',
    `max.in.flight=${inFlight}`,
  ]
  const what = ['-P', '-t', topic, '-b', bootstrap, '-s', String(recordBytes), '-a', '-1']
  return perform(program, [...what, '-c', String(records)], settings, records)
}

export interface ConsumeLoad {
  readonly bootstrap: string
  readonly topic: string
  readonly partitions: number
  readonly records: number
  readonly zone?: string
}

/**
 * Reads from the beginning. Ask for less than there is: at the very end the client polls in steps
 * of a second.
 */
export async function consumeLoad(program: string, load: ConsumeLoad): Promise<Speed> {
  const { bootstrap, topic, partitions, records, zone } = load
  const settings = [
    ...(zone === undefined ? [] : [`client.rack=${zone}`, `client.id=bench,zone=${zone}`]),
    'fetch.message.max.bytes=1048576',
    'queued.min.messages=100000',
    'queued.max.messages.kbytes=65536',
    'fetch.queue.backoff.ms=1',
  ]
  const from = Array.from({ length: partitions }, (_, each) => ['-p', String(each)]).flat()
  const what = ['-C', '-t', topic, '-b', bootstrap, ...from, '-o', 'beginning']
  return perform(program, [...what, '-c', String(records)], settings, records)
}

/** Reads what is written from now on, as a consumer of the zone, until it is stopped. */
export function follow(
  program: string,
  load: Omit<ConsumeLoad, 'records'> & { readonly zone: string },
): Program {
  const { bootstrap, topic, partitions, zone } = load
  const from = Array.from({ length: partitions }, (_, each) => ['-p', String(each)]).flat()
  const what = ['-C', '-t', topic, '-b', bootstrap, ...from, '-o', 'end']
  const settings = [`client.rack=${zone}`, `client.id=bench,zone=${zone}`, 'fetch.wait.max.ms=500']
  const args = [...what, '-q', '-i', '100000', ...settings.flatMap((each) => ['-X', each])]
  return new Program(`follower in ${zone}`, program, args, { timeoutMs: followMsMax })
}

async function perform(
  program: string,
  what: readonly string[],
  settings: readonly string[],
  records: number,
): Promise<Speed> {
  const args = [...what, '-q', '-i', '100000', ...settings.flatMap((each) => ['-X', each])]
  const lines = await run('rdkafka_performance', program, args, { timeoutMs })
  const last = lines.findLast((line) => line.includes('MB/s')) ?? ''
  const parsed = /% (\d+) messages (?:produced )?\((\d+) bytes\).* \(?([\d.]+) MB\/s/.exec(last)
  if (parsed === null) throw new Error(`rdkafka_performance said: ${lines.slice(-3).join('\n')}`)
  const [, counted, bytes, speed] = parsed.map(Number)
  const delivered = Number(/(\d+) delivered/.exec(last)?.[1] ?? counted)
  if (delivered < records) throw new Error(`${delivered} of ${records} records: ${last}`)
  return { megabytes: (bytes ?? 0) / 1e6, megabytesPerSecond: speed ?? 0 }
}
