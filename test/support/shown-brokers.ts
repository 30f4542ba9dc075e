/** Which brokers each broker of a fleet shows to its clients, looked at all the time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/base/system-clock.ts'
import { BrokerConnection } from '../../src/client/broker-connection.ts'
import { nodeDial } from '../../src/client/node-dial.ts'
import { parseAddress } from '../../src/config/address.ts'
import { metadata } from '../../src/wire/messages/03-metadata.ts'
import type { BrokerProcess } from './broker-process.ts'

const lookMs = 20
const timeouts = { connectTimeoutMs: 5_000, requestTimeoutMs: 30_000 }

export class ShownBrokers {
  readonly #looking: Promise<unknown>
  readonly #seen = new Set<string>()
  #isOver = false

  constructor(brokers: readonly BrokerProcess[]) {
    this.#looking = Promise.all(brokers.map(({ bootstrap }) => this.#look(bootstrap)))
    this.#looking.catch(() => undefined) // `stop` tells
  }

  /** Ends it. Resolves with each set of node ids that was shown by anyone, as texts: '1,2,3'. */
  async stop(): Promise<string[]> {
    this.#isOver = true
    await this.#looking
    return [...this.#seen].toSorted()
  }

  async #look(bootstrap: string): Promise<void> {
    const address = parseAddress(bootstrap)
    if (address === undefined) throw new Error(`${bootstrap} is no HOST:PORT`)
    const options = { dial: nodeDial, clock: systemClock, clientId: 'look', ...timeouts }
    const connection = await BrokerConnection.open(address, options)
    try {
      while (!this.#isOver) {
        const { brokers } = await connection.call(metadata, { topics: [] }, { versionMax: 9 })
        this.#seen.add(brokers.map(({ nodeId }) => nodeId).join(','))
        await sleep(lookMs)
      }
    } finally {
      connection.close()
    }
  }
}
