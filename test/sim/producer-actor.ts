/**
 * A producer as real ones behave: batches in flight, retries in order, new epochs never; values are
 * unique.
 */
import { type Clock, sleep } from '../../src/base/clock.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { buildBatch } from '../../src/record/build-batch.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { produce } from '../../src/wire/messages/00-produce.ts'
import { freshProducerId } from './fresh-producer-id.ts'
import type { History, Sent } from './history.ts'
import { type Asker, Lost } from './sim-client.ts'

const apiVersion = 9
/** Kafka's clients have at most five; fewer make a step of the simulation cheaper, not safer. */
const inFlightMax = 3

export interface ProducerParts {
  readonly name: string
  readonly client: Asker
  readonly clock: Clock
  readonly random: Random
  readonly history: History
  readonly topic: string
  readonly partition: number
  readonly isIdempotent: boolean
  /** True once nothing new is to be sent; what is in flight is still brought to an end. */
  readonly isOver: () => boolean
}

interface Flight {
  readonly sent: Sent
  readonly sequence: number
}

type Answer = { readonly code: number; readonly baseOffset: number } | 'lost'

/**
 * Resolves when everything sent is acknowledged (idempotent) or answered (plain). Who comes to
 * write only when the run is over writes once all the same: then it must succeed (S1).
 */
export async function runProducer(parts: ProducerParts): Promise<void> {
  if (parts.isIdempotent) await runIdempotent(parts)
  else await runPlain(parts)
}

async function runIdempotent(parts: ProducerParts): Promise<void> {
  const producerId = await freshProducerId(parts.client, parts.clock, parts.random)
  let order = 0
  let unanswered: Flight[] = []
  const goesOn = (): boolean => order === 0 || !parts.isOver()
  while (unanswered.length > 0 || goesOn()) {
    // As real ones: nothing new goes out that the window of the broker would not remember with the
    // oldest that is to be sent again.
    while (order - (unanswered[0]?.sequence ?? order) < inFlightMax && goesOn()) {
      unanswered.push({ sent: next(parts, order), sequence: order })
      order++
    }
    // All are sent without waiting, so that they overlap; what failed is sent again, in order.
    const answers = await Promise.all(
      unanswered.map((flight) => send(parts, producerId, flight.sequence, flight.sent)),
    )
    unanswered = unanswered.filter((flight, index) => {
      const answer = answers[index] ?? 'lost'
      if (answer === 'lost' || answer.code !== ErrorCode.NONE) {
        parts.history.note(`${flight.sent.value}: ${answer === 'lost' ? answer : answer.code}`)
        return true
      }
      parts.history.acknowledge(flight.sent, answer.baseOffset)
      return false
    })
    await pause(parts, unanswered.length > 0 ? 50 : 20)
  }
}

/** Sends each value once: a lost answer leaves it unknown, an error says that it is not written. */
async function runPlain(parts: ProducerParts): Promise<void> {
  for (let order = 0; !parts.isOver(); order++) {
    const sent = next(parts, order)
    const answer = await send(parts, -1, -1, sent)
    if (answer !== 'lost') {
      if (answer.code === ErrorCode.NONE) parts.history.acknowledge(sent, answer.baseOffset)
      else if (answer.code !== ErrorCode.REQUEST_TIMED_OUT) parts.history.refuse(sent)
    }
    await pause(parts, 20)
  }
}

function next({ name, partition, history, isIdempotent }: ProducerParts, order: number): Sent {
  const value = `${name}-${order}`
  return history.send({ value, partition, producer: name, order, isIdempotent })
}

async function send(
  parts: ProducerParts,
  producerId: number,
  baseSequence: number,
  sent: Sent,
): Promise<Answer> {
  const { client, clock, topic, partition, random } = parts
  const value = Buffer.from(sent.value)
  const padding = Buffer.alloc(randomBelow(random, 8) === 0 ? randomBelow(random, 20_000) : 0)
  const records = [{ key: padding, value, timestampMs: clock.nowMs() }]
  const producerEpoch = producerId < 0 ? -1 : 0
  const batch = buildBatch(records, { producerId, producerEpoch, baseSequence })
  const partitionData = [{ index: partition, records: [batch] }]
  const body = { acks: -1, timeoutMs: 3_000, topicData: [{ name: topic, partitionData }] }
  try {
    const response = await client.request(produce, apiVersion, body)
    const [reply] = response.responses[0]?.partitionResponses ?? []
    if (reply === undefined) return 'lost'
    return { code: reply.errorCode, baseOffset: reply.baseOffset }
  } catch (error) {
    if (!(error instanceof Lost)) throw error
    return 'lost'
  }
}

function pause({ clock, random }: ProducerParts, msMax: number): Promise<void> {
  return sleep(clock, 1 + randomBelow(random, msMax))
}
