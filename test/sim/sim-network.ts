/** TCP on virtual time: bytes arrive late, in pieces and in order, until a connection is cut. */
import type { Clock } from '../../src/base/clock.ts'
import { Failure } from '../../src/base/errors.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import type { ByteStream, Listener, Network, StreamSink } from '../../src/kafka/byte-stream.ts'
import type { Life } from './life.ts'

const latencyMsMax = 2
/** Pieces of what is sent: small ones find frames that are cut anywhere. */
const pieceBytesMax = 3_000

export interface SimSocketEvents {
  data(bytes: Uint8Array): void
  closed(): void
}

interface End {
  deliver(bytes: Uint8Array): void
  ended(): void
}

/** Both directions of one connection. */
class Wire {
  isOpen = true
  readonly port: number
  readonly #clock: Clock
  readonly #random: Random
  readonly #nextMs: [number, number] = [0, 0]
  readonly ends: [End | undefined, End | undefined] = [undefined, undefined]

  constructor(clock: Clock, random: Random, port: number) {
    this.#clock = clock
    this.#random = random
    this.port = port
  }

  /** From `side` to the other; what is on its way when the connection is cut is lost. */
  send(side: 0 | 1, chunks: readonly Uint8Array[], sent: () => void): void {
    const whole = Buffer.concat(chunks)
    for (let at = 0; at < whole.length;) {
      const size = 1 + randomBelow(this.#random, pieceBytesMax)
      const piece = whole.subarray(at, at + size)
      at += size
      this.#later(side, () => this.ends[side === 0 ? 1 : 0]?.deliver(piece))
    }
    this.#later(side, sent, true)
  }

  #later(side: 0 | 1, run: () => void, always = false): void {
    const now = this.#clock.monotonicMs()
    const latency = (randomBelow(this.#random, 1_000) / 1_000) * latencyMsMax
    const atMs = Math.max(this.#nextMs[side], now + latency)
    this.#nextMs[side] = atMs
    this.#clock.after(atMs - now, () => {
      if (this.isOpen || always) run()
    })
  }

  cut(): void {
    if (!this.isOpen) return
    this.isOpen = false
    for (const end of this.ends) this.#clock.after(0, () => end?.ended())
  }
}

export class SimNetwork {
  readonly #clock: Clock
  readonly #random: Random
  readonly #listeners = new Map<number, (stream: ByteStream, wire: Wire) => void>()
  #wires: Wire[] = []
  #ports = 20_000

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  /** The network as one process sees it: its connections are cut and its ports free when it dies. */
  of(life: Life): Network {
    return {
      listen: async (host, port, accept): Promise<Listener> => {
        if (this.#listeners.has(port)) throw new Failure('conflict', `port ${port} is in use`)
        const wires: Wire[] = []
        const own = (stream: ByteStream, wire: Wire): void => {
          if (life.isOver) return
          wires.push(wire)
          accept(stream)
        }
        this.#listeners.set(port, own)
        const close = async (): Promise<void> => {
          if (this.#listeners.get(port) === own) this.#listeners.delete(port)
        }
        life.atEnd(() => {
          void close()
          for (const wire of wires) wire.cut()
        })
        return { address: { host, port }, close }
      },
    }
  }

  /** Undefined: nobody listens there. */
  connect(port: number, events: SimSocketEvents): SimSocket | undefined {
    const accept = this.#listeners.get(port)
    if (accept === undefined) return undefined
    const wire = new Wire(this.#clock, this.#random, port)
    this.#wires = [...this.#wires.filter(({ isOpen }) => isOpen), wire]
    wire.ends[0] = { deliver: (bytes) => events.data(bytes), ended: () => events.closed() }
    const stream = new SimStream(wire, `client:${++this.#ports}`)
    wire.ends[1] = stream
    accept(stream, wire)
    return {
      write: (chunks) => wire.send(0, chunks, () => undefined),
      close: () => wire.cut(),
    }
  }

  /** The address is somebody else's from now on; what is connected stays so. */
  release(port: number): void {
    this.#listeners.delete(port)
  }

  /** Cuts every connection to who listens there. */
  cutAll(port: number): void {
    for (const wire of this.#wires) if (wire.port === port) wire.cut()
  }

  /** Cuts one connection, any. */
  cutOne(): void {
    const open = this.#wires.filter(({ isOpen }) => isOpen)
    open[randomBelow(this.#random, Math.max(1, open.length))]?.cut()
  }
}

export interface SimSocket {
  write(chunks: readonly Uint8Array[]): void
  close(): void
}

/** The broker's end. */
class SimStream implements ByteStream, End {
  readonly remote: string
  readonly #wire: Wire
  #sink: StreamSink | undefined
  #isPaused = false
  #isOver = false
  #held: Uint8Array[] = []

  constructor(wire: Wire, remote: string) {
    this.#wire = wire
    this.remote = remote
  }

  start(sink: StreamSink): void {
    this.#sink = sink
  }

  deliver(bytes: Uint8Array): void {
    this.#held.push(bytes)
    this.#feed()
  }

  #feed(): void {
    while (!this.#isPaused && !this.#isOver && this.#held.length > 0) {
      const [first] = this.#held as [Uint8Array]
      const target = this.#sink?.target()
      if (target === undefined) return
      const part = first.subarray(0, target.length)
      target.set(part)
      if (part.length === first.length) this.#held.shift()
      else this.#held[0] = first.subarray(part.length)
      this.#sink?.received(part.length)
    }
  }

  ended(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#sink?.closed()
  }

  write(chunks: readonly Uint8Array[], sent: () => void): void {
    // The bytes may change once `sent` is called: the wire copies them now, as a kernel does.
    this.#wire.send(1, chunks, sent)
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#feed()
  }

  close(): void {
    this.#wire.cut()
  }

  abort(): void {
    this.#wire.cut()
  }
}
