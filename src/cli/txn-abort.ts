/** `karst txn abort`. */
import { Failure } from '../base/errors.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { abortHanging, describeTransaction, fenceProducer } from '../client/transaction-admin.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { integerOf } from './key-values.ts'
import { jsonText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  topic: { kind: 'value', shape: 'NAME', doc: 'Where a transaction hangs without coordinator' },
  partition: { kind: 'value', short: 'p', shape: 'N', doc: 'The partition of --topic' },
  'start-offset': { kind: 'value', shape: 'OFFSET', doc: 'Where it begins in that partition' },
  ...jsonFlag,
  ...clientFlags,
} as const

const partitionMax = 2_147_483_647

export const txnAbort: Command = {
  name: 'abort',
  summary: 'Abort a transaction that is open',
  help: formatHelp({
    usage: 'txn abort TRANSACTIONAL-ID | --topic NAME --partition N --start-offset OFFSET',
    about:
      'By its id: the transaction is aborted, and its producer is shut out: what it still sends\n' +
      'is refused. By its place: ends what the coordinator knows nothing of, in one partition.\n' +
      'Exit code 1 when nothing is open.',
    flags: flagTable,
    examples: [
      ['txn abort orders-1', 'the transaction of an id'],
      ['txn abort --topic orders -p 0 --start-offset 1200', 'one that hangs'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const [id, ...more] = words
    const { topic, partition, 'start-offset': start } = flags
    const isByPlace = topic !== undefined || partition !== undefined || start !== undefined
    if (more.length > 0) throw new UsageError(`takes one TRANSACTIONAL-ID, got ${words.join(' ')}`)
    if ((id === undefined) !== isByPlace) {
      throw new UsageError('needs a TRANSACTIONAL-ID, or --topic, --partition and --start-offset')
    }
    const abort = id === undefined ? byPlace(topic, partition, start) : byId(id)
    return withClient(io, flags.bootstrap, async (client) => {
      const { text, result } = await abort(client)
      io.out(flags.json ? jsonText(result) : `aborted ${text}\n`)
      return exitCode.ok
    })
  },
}

type Abort = (client: KafkaClient) => Promise<{ readonly text: string; readonly result: object }>

function byId(id: string): Abort {
  return async (client) => {
    const before = await describeTransaction(client, id)
    if (before.state !== 'Ongoing' || before.startedMs === null) {
      throw new Failure('invalid', `${id} has no open transaction: its state is ${before.state}`)
    }
    await fenceProducer(client, id)
    const { producerId, producerEpoch, partitions } = before
    const text = `the transaction of ${id}; producer ${producerId} is shut out`
    return { text, result: { transactionalId: id, producerId, producerEpoch, partitions } }
  }
}

function byPlace(
  topic: string | undefined,
  partitionText: string | undefined,
  startText: string | undefined,
): Abort {
  if (topic === undefined || partitionText === undefined || startText === undefined) {
    throw new UsageError('needs --topic, --partition and --start-offset together')
  }
  const partition = integerOf('--partition', partitionText, 0, partitionMax)
  const startOffset = integerOf('--start-offset', startText, 0)
  return async (client) => {
    const result = await abortHanging(client, { topic, partition }, startOffset)
    const text = `the transaction of producer ${result.producerId} in ${topic}:${partition}`
    return { text, result }
  }
}
