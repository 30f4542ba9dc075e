/**
 * Structured logging as a port: parts say what happened in fields, the composition root decides
 * where it goes.
 */

/**
 * What a line is about. Keys are camelCase with the unit last (`lingerMs`); an error goes under
 * `error`.
 */
export type LogFields = Readonly<Record<string, unknown>>

export interface Log {
  /** For the one who debugs Karst itself; off by default. */
  debug(fields: LogFields, message: string): void
  /** The normal course of a server's life: started, stopped, recovered. Never once per request. */
  info(fields: LogFields, message: string): void
  /** Something is wrong, and served nevertheless. */
  warn(fields: LogFields, message: string): void
  /** Somebody should look. */
  error(fields: LogFields, message: string): void
  /** A log whose every line carries `fields` too. */
  child(fields: LogFields): Log
}

const nothing = (): void => undefined

export const silentLog: Log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLog,
}
