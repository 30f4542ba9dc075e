/** What checking a payload may take, for every format: whoever writes records chooses the payload. */

/** Bytes. Kafka's own default of message.max.bytes is 1 MiB; sixteen of them are a large record. */
export const payloadBytesMax = 16_777_216
/** Values in each other. Nobody nests a hundred levels by hand, and a stack holds ten times as many. */
export const payloadDepthMax = 100
/**
 * Items that take no bytes, as the nulls of an Avro array: eleven bytes can promise 2^62 of them.
 */
export const freeItemsMax = 10_000

/** What is wrong and where; thrown and caught within a validator, and never seen outside. */
export class PayloadFault extends Error {
  /** JSON pointer into the payload's value. */
  readonly at: string

  constructor(at: string, message: string) {
    super(message)
    this.at = at
  }
}

/** A JSON pointer of these parts (RFC 6901). */
export const pointerOf = (parts: readonly (string | number)[]): string =>
  parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
