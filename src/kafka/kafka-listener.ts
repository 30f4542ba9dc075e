/** Accepts connections, bounds them, and ends those that say nothing for too long. */
import type { Clock, Timer } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { ByteStream, Listener, Network } from './byte-stream.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { Connection, type ConnectionDeps } from './connection.ts'

/** Connections that wait for their end because their address opens too many. */
const throttledMax = 1_000

export interface KafkaListenerDeps extends Omit<ConnectionDeps, 'closed'> {
  readonly network: Network
  readonly clock: Clock
  readonly log: Log
  readonly limits: ConnectionLimits
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
  readonly #throttled = new Map<ByteStream, Timer>()

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
    for (const stream of [...this.#throttled.keys()]) this.#endThrottled(stream)
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
    const { limits, log } = this.#deps
    const { remote } = stream
    const admission = limits.admit(remote)
    if (admission.outcome === 'refused') {
      log.warn({ remote, why: admission.why }, 'too many connections: closing this one')
      stream.close()
      return
    }
    if (admission.outcome === 'throttled') return this.#throttle(stream, admission.throttleMs)
    const closed = (connection: Connection): void => {
      limits.ended(remote)
      this.#connections.delete(connection)
      if (this.#connections.size === 0) this.#emptied?.()
    }
    const connection = new Connection(stream, { ...this.#deps, closed })
    if (connection.isClosed) return
    this.#connections.add(connection)
    if (admission.delayMs > 0) connection.delay(admission.delayMs)
  }

  /** Nothing is read from it, and it is closed when its time is up: not at once, or it came again. */
  #throttle(stream: ByteStream, throttleMs: number): void {
    const { clock, log } = this.#deps
    const { remote } = stream
    log.debug({ remote, throttleMs }, 'connections come too fast: closing this one after a while')
    if (this.#throttled.size >= throttledMax) return stream.close()
    const nothing = new Uint8Array(1)
    const end = (): void => this.#endThrottled(stream)
    this.#throttled.set(stream, clock.after(throttleMs, end))
    stream.start({ target: () => nothing, received: () => undefined, closed: end })
    stream.pause()
  }

  #endThrottled(stream: ByteStream): void {
    const timer = this.#throttled.get(stream)
    if (timer === undefined) return
    this.#throttled.delete(stream)
    timer.cancel()
    stream.close()
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
