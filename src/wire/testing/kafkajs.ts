/**
 * kafkajs as an independent reader and writer: what it writes is read, what is written it reads, to
 * the last byte.
 */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import type { AnyApi } from '../message.ts'

const require = createRequire(import.meta.url)

export interface Kafkajs {
  request(args: object): { encode(): Promise<{ buffer: Buffer }> }
  response: { decode(bytes: Buffer): Promise<object> }
}

export interface Exchange {
  /** Where kafkajs keeps the API. */
  readonly folder: string
  readonly api: AnyApi
  readonly versions: readonly [number, number]
  /** What kafkajs is asked to send, and what is read from it. */
  readonly ask: (version: number) => { readonly args: object; readonly read: object }
  /** What is answered, and what kafkajs reads from it. */
  readonly answer: (version: number) => { readonly value: object; readonly read: object }
}

/** A request and response of kafkajs. */
export function kafkajs(folder: string, version: number): Kafkajs {
  return {
    request: require(`kafkajs/src/protocol/requests/${folder}/v${version}/request.js`),
    response: require(`kafkajs/src/protocol/requests/${folder}/v${version}/response.js`),
  }
}

/** `fields`, where the version has them. */
export function since<T extends object>(version: number, from: number, fields: T): Partial<T> {
  return version >= from ? fields : {}
}

/** Bytes whose meaning is the members' own. */
export const metadata: Buffer = Buffer.from('anything a member sends')

/** Declares the tests of both directions, for each version. */
export function agree(exchanges: readonly Exchange[]): void {
  for (const { folder, api, versions, ask, answer } of exchanges) {
    describe(`${api.name} and kafkajs`, () => {
      for (let version = versions[0]; version <= versions[1]; version++) {
        test(`v${version}: the request`, async () => {
          const { args, read } = ask(version)
          const { buffer } = await kafkajs(folder, version).request(args).encode()
          const value = api.request.decode(version, buffer)
          assert.partialDeepStrictEqual(value, read)
          assert.deepEqual(Buffer.concat(api.request.encode(version, value as never)), buffer)
        })
        test(`v${version}: the response`, async () => {
          const { value, read } = answer(version)
          const bytes = Buffer.concat(api.response.encode(version, value as never))
          const decoded = await kafkajs(folder, version).response.decode(bytes)
          assert.partialDeepStrictEqual(decoded, read)
        })
      }
    })
  }
}
