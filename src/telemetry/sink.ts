/**
 * Where telemetry goes, as the receiver sees it: declared here, implemented by whoever owns the
 * log.
 */

export interface TelemetryRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array
  readonly headers: readonly { readonly key: string; readonly value: Uint8Array }[]
  readonly timestampMs: number
}

export interface TelemetrySink {
  /** The topic's `max.message.bytes`. Rejects with the same kinds as `append`. */
  maxRecordBytes(topic: string): Promise<number>
  /**
   * Resolves when all records are durable and committed.
   *
   * @throws Failure 'invalid': the records can't be taken, none of them was written.
   * @throws Failure 'overloaded' | 'unavailable' | 'closed' | 'fenced': the sender shall try again.
   * @throws Failure 'unknown-outcome': perhaps written; the sender tries again, so they may be
   *   there twice.
   */
  append(topic: string, records: readonly TelemetryRecord[]): Promise<void>
}
