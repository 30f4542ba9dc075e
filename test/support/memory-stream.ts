/** The broker's end of a connection that a test holds in its hands: bytes in, chunks out. */
import type { ByteStream, StreamSink } from '../../src/kafka/byte-stream.ts'

export class MemoryStream implements ByteStream {
  readonly remote = '10.0.0.7:51234'
  isPaused = false
  /** 'close' and 'abort', as they were called. */
  readonly ends: string[] = []
  /** What was written, each write as one; copied when it is taken. */
  readonly sent: Buffer[] = []
  /** A client that reads nothing, while false. */
  isRead = true
  #sink: StreamSink | undefined
  #target: Uint8Array | undefined
  #unsent: (() => void)[] = []
  #held = Buffer.alloc(0)
  #isOver = false

  start(sink: StreamSink): void {
    this.#sink = sink
    // As a socket does: the target is lent before there are bytes.
    this.#target = sink.target()
  }

  /** What the client sends, in pieces of at most `piece` bytes; held while the broker does not read. */
  put(bytes: Uint8Array, piece = 65_536): void {
    this.#held = Buffer.concat([this.#held, bytes])
    this.#feed(piece)
  }

  #feed(piece = 65_536): void {
    const sink = this.#sink
    while (sink !== undefined && !this.isPaused && !this.#isOver && this.#held.length > 0) {
      const target = this.#target ?? sink.target()
      const part = this.#held.subarray(0, Math.min(piece, target.length))
      target.set(part)
      this.#held = this.#held.subarray(part.length)
      sink.received(part.length)
      this.#target = sink.target()
    }
  }

  write(chunks: readonly Uint8Array[], sent: () => void): void {
    const take = (): void => {
      if (!this.#isOver) this.sent.push(Buffer.concat(chunks))
      sent()
    }
    if (this.isRead || this.#isOver) queueMicrotask(take)
    else this.#unsent.push(take)
  }

  /** The client reads what waits for it. */
  read(): void {
    this.isRead = true
    for (const take of this.#unsent.splice(0)) take()
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    this.#feed()
  }

  close(): void {
    this.ends.push('close')
    if (this.#unsent.length === 0) this.lose()
  }

  abort(): void {
    this.ends.push('abort')
    this.lose()
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** The connection is gone. */
  lose(error?: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const take of this.#unsent.splice(0)) take()
    queueMicrotask(() => this.#sink?.closed(error))
  }
}
