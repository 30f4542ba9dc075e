/** How a client reaches brokers, as a port: `node-dial.ts` is real TCP. */
import type { Address } from '../config/address.ts'

export interface DialSink {
  /** Bytes came in; they are the sink's to keep. */
  received(bytes: Uint8Array): void
  /** The other side ended, or the connection failed. Called once; nothing follows. */
  closed(error?: Error): void
}

export interface DialedStream {
  /** Sends the chunks in order. What a closed stream is given is lost. */
  write(chunks: readonly Uint8Array[]): void
  close(): void
}

/**
 * Resolves when connected.
 *
 * @throws Failure 'unavailable': nobody answers there, with the reason.
 */
export type Dial = (address: Address, timeoutMs: number, sink: DialSink) => Promise<DialedStream>
