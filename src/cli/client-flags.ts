/** What all commands share that talk to a cluster: where it is, and a client that is closed again. */
import { systemClock } from '../base/system-clock.ts'
import { type Address, parseAddress } from '../config/address.ts'
import { bootstrapVariable as variable } from '../config/parse-config.ts'
import { KafkaClient } from '../client/kafka-client.ts'
import { nodeDial } from '../client/node-dial.ts'
import type { CommandIo } from './command.ts'
import type { Flag } from './flags.ts'
import { UsageError } from './usage-error.ts'

const standard = '127.0.0.1:9092'
/** A local broker answers in a millisecond, one across the world in half a second. */
const connectTimeoutMs = 5_000
const requestTimeoutMs = 30_000
/** A restarting broker, an election: what takes longer is worth a person's attention. */
const retryMs = 30_000

interface ClientFlags {
  readonly bootstrap: Flag & { readonly kind: 'value' }
}

export const clientFlags: ClientFlags = {
  bootstrap: {
    kind: 'value',
    short: 'b',
    shape: 'HOST:PORT',
    doc: `Brokers to ask first, separated by commas (${variable}, else ${standard})`,
  },
}

interface JsonFlag {
  readonly json: Flag & { readonly kind: 'switch' }
}

export const jsonFlag: JsonFlag = {
  json: { kind: 'switch', doc: 'Print JSON, for programs' },
}

/**
 * Runs `use` with a client that has reached a broker.
 *
 * @throws UsageError an address that is none. Failure 'unavailable': no broker answers.
 */
export async function withClient<Value>(
  io: Pick<CommandIo, 'env'>,
  bootstrap: string | undefined,
  use: (client: KafkaClient) => Promise<Value>,
): Promise<Value> {
  const client = new KafkaClient({
    bootstrap: bootstrapOf(io.env, bootstrap),
    dial: nodeDial,
    clock: systemClock,
    clientId: 'karst-cli',
    connectTimeoutMs,
    requestTimeoutMs,
    retryMs,
  })
  try {
    // At once, and once: whoever mistyped an address should not wait for retries.
    await client.any()
    return await use(client)
  } finally {
    client.close()
  }
}

function bootstrapOf(env: CommandIo['env'], flag: string | undefined): Address[] {
  const text = flag ?? env[variable] ?? standard
  const where = flag === undefined ? variable : '--bootstrap'
  return text.split(',').map((part) => {
    const address = parseAddress(part.trim())
    if (address === undefined || address.port === 0) {
      throw new UsageError(`${where}: "${part}" is no HOST:PORT, such as ${standard}`)
    }
    return address
  })
}
