/** What one client, or many, may ask of the registry's HTTP server at once. */

export interface RegistryHttpLimits {
  /** Connections; more are closed as they come. */
  readonly connectionsMax: number
  /** Requests that are worked on; more are told to come again: the catalog has few connections. */
  readonly requestsMax: number
  /** Bytes of a body: a schema with the names of its references, metadata and rules. */
  readonly bodyBytesMax: number
  /** Bytes of all bodies that are being read or worked on. */
  readonly bodiesBytesMax: number
  /** Milliseconds for a request's head. */
  readonly headersTimeoutMs: number
  /** Milliseconds for a request's body, however slowly it drips. */
  readonly bodyTimeoutMs: number
  /** Milliseconds that a connection may say nothing between two requests. */
  readonly keepAliveMs: number
  /** Milliseconds in which a client can still read an answer that came before its body had ended. */
  readonly lingerMs: number
  /** Milliseconds for what is under way when the broker stops. */
  readonly closeTimeoutMs: number
  /** Seconds after which to come again, told with 429. */
  readonly retryAfterSeconds: number
}

export const registryHttpLimits: RegistryHttpLimits = {
  connectionsMax: 2_000,
  requestsMax: 64,
  bodyBytesMax: 4 * 1_048_576,
  bodiesBytesMax: 64 * 1_048_576,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 20_000,
  keepAliveMs: 60_000,
  lingerMs: 1_000,
  closeTimeoutMs: 5_000,
  retryAfterSeconds: 1,
}
