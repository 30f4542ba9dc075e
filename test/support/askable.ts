/** An API whose messages have types: what a client of a test may ask. */
import type { Message } from '../../src/wire/message.ts'

export interface Askable<RequestInput, ResponseValue> {
  readonly key: number
  readonly name: string
  readonly flexibleFrom: number | undefined
  readonly request: Message<unknown, RequestInput>
  readonly response: Message<ResponseValue, never>
}
