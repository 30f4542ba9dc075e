/** What a handler is given and what it gives back. */
import type { Hold } from '../base/hold.ts'
import { anonymous, type Client } from '../quota/client-quotas.ts'
import type { RequestHeader } from '../wire/frame.ts'

/** One client connection, as handlers see it. */
export interface Peer {
  /** The other side, 'host:port'. */
  readonly remote: string
  /** As told in ApiVersions (KIP-511); for logs and metrics. */
  software: { name: string; version: string } | undefined
}

/** The peer's address as Kafka shows it for members of groups: '/10.0.0.7'. */
export function hostOf({ remote }: Peer): string {
  const colon = remote.lastIndexOf(':')
  return `/${colon === -1 ? remote : remote.slice(0, colon)}`
}

export interface Exchange {
  readonly header: RequestHeader
  readonly peer: Peer
  /** The memory behind the request's bytes; retain it to keep views of them beyond the answer. */
  readonly hold: Hold
  /** The frame's size in bytes. */
  readonly byteLength: number
  /** Aborted when the connection is gone or the broker stops: a fetch that waits gives up. */
  readonly signal: AbortSignal
  /**
   * The next request of this connection may begin although this one is not answered yet. Produce
   * says so once its batches have entered the journal's order (W6); answers keep the requests'
   * order.
   */
  readonly next: () => void
}

/** Whose quotas a request falls under. */
export function clientOf({ header }: Exchange): Client {
  return { user: anonymous, clientId: header.clientId ?? '' }
}

/**
 * An answer as chunks to be sent in order; `release` is called once they are sent, or never will
 * be.
 */
export interface Answer {
  readonly chunks: readonly Uint8Array[]
  readonly release?: () => void
  /** For so long the connection serves nothing else, and is not read (KIP-219). */
  readonly throttleMs?: number
}

/**
 * - an Answer;
 * - 'silent': the client asked for none (acks=0);
 * - 'close': the connection ends, because nothing this client sends can be understood or trusted.
 */
export type Reply = Answer | 'silent' | 'close'
