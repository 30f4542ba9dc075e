/** Accepts connections, bounds them, and ends those that say nothing for too long. */
import type { Clock, Timer } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { ByteStream, Listener, Network } from './byte-stream.ts'
import { Connection, type ConnectionDeps } from './connection.ts'

export interface KafkaListenerDeps extends Omit<ConnectionDeps, 'closed'> {
  readonly network: Network
  readonly clock: Clock
  readonly log: Log
  readonly connectionsMax: number
  /** `connections.max.idle.ms`. */
  readonly idleMsMax: number
  /** How long a client may leave a frame unfinished, or an answer unread. */
  readonly stallMsMax: number
  /** How long answers may take to be sent when the broker stops. */
  readonly drainMsMax: number
}

/** Connections are looked at this often, or as often as the shortest limit asks. */
const sweepMs = 1_000

export class KafkaListener {
  readonly #deps: KafkaListenerDeps
  readonly #connections = new Set<Connection>()
  #listener: Listener | undefined
  #sweep: Timer | undefined
  #emptied: (() => void) | undefined

  constructor(deps: KafkaListenerDeps) {
    this.#deps = deps
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** @throws Failure 'conflict': the address is in use. 'invalid': it cannot be bound. */
  async listen(host: string, port: number): Promise<Listener['address']> {
    this.#listener = await this.#deps.network.listen(host, port, (stream) => this.#accept(stream))
    this.#sweepSoon()
    return this.#listener.address
  }

  /** Stops accepting, answers what was read, then closes every connection. */
  async close(): Promise<void> {
    this.#sweep?.cancel()
    const closed = this.#listener?.close()
    if (this.#connections.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#emptied = resolve
      const timer = this.#deps.clock.after(this.#deps.drainMsMax, () => {
        for (const connection of [...this.#connections]) connection.abort()
      })
      for (const connection of [...this.#connections]) connection.drain()
      await promise
      timer.cancel()
    }
    await closed
  }

  #accept(stream: ByteStream): void {
    const { connectionsMax, log } = this.#deps
    if (this.#connections.size >= connectionsMax) {
      log.warn({ remote: stream.remote, connectionsMax }, 'too many connections: closing this one')
      stream.close()
      return
    }
    const closed = (connection: Connection): void => {
      this.#connections.delete(connection)
      if (this.#connections.size === 0) this.#emptied?.()
    }
    const connection = new Connection(stream, { ...this.#deps, closed })
    if (!connection.isClosed) this.#connections.add(connection)
  }

  #sweepSoon(): void {
    const { clock, idleMsMax, stallMsMax } = this.#deps
    this.#sweep = clock.after(Math.min(sweepMs, idleMsMax, stallMsMax), () => {
      const nowMs = clock.monotonicMs()
      for (const connection of [...this.#connections]) connection.sweep(nowMs, this.#deps)
      this.#sweepSoon()
    })
  }
}
