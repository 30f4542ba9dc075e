/** A connection as a port: real sockets in production, a network on virtual time in the simulation. */

/** Takes what comes in. Bytes go straight into its memory: nothing is copied on the way. */
export interface StreamSink {
  /** Where the next bytes may be put; never empty. */
  target(): Uint8Array
  /** `count` bytes were put at the beginning of the last target. */
  received(count: number): void
  /** The other side ended, or the connection failed. Called once; nothing follows. */
  closed(error?: Error): void
}

export interface ByteStream {
  /** The other side, for logs: '10.0.0.7:51234'. */
  readonly remote: string
  /** Begins to read into `sink`. */
  start(sink: StreamSink): void
  /**
   * Sends the chunks in order; `sent` is called once they are out of our hands, or never will be
   * sent.
   */
  write(chunks: readonly Uint8Array[], sent: () => void): void
  pause(): void
  resume(): void
  /** Ends both directions; what was written before is still sent where possible. */
  close(): void
  /** Ends both directions at once; what was not sent yet is dropped. */
  abort(): void
}

export interface Listener {
  /** 'host:port' as bound; the port is real where 0 was asked for. */
  readonly address: { readonly host: string; readonly port: number }
  /** No new connections; existing ones stay. */
  close(): Promise<void>
}

export interface Network {
  /**
   * @throws Failure 'conflict': the address is in use. 'invalid': it cannot be bound.
   */
  listen(host: string, port: number, accept: (stream: ByteStream) => void): Promise<Listener>
}
