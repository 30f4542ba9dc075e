/** The thread of one pass of compaction, for `compact-thread.ts`: calls, one after another. */
import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { isFailure } from '../base/errors.ts'
import {
  type CleanedRun,
  type CleanInput,
  CompactPass,
  type MappedRun,
  type PassInput,
  type PassRules,
} from './compact-pass.ts'

export type CompactCall =
  | { readonly call: 'map'; readonly input: PassInput }
  | { readonly call: 'clean'; readonly input: CleanInput }

export type CompactResult =
  | { readonly outcome: 'done'; readonly result: MappedRun | CleanedRun }
  | { readonly outcome: 'corrupt'; readonly message: string }
  | { readonly outcome: 'broken'; readonly error: unknown }

assert(parentPort !== null, 'this file runs as a worker')
const port = parentPort
const pass = new CompactPass(workerData as PassRules)

port.on('message', (call: CompactCall) => {
  try {
    const result = call.call === 'map' ? pass.map(call.input) : pass.clean(call.input)
    const moved = 'bytes' in result && isWhole(result.bytes) ? [result.bytes.buffer] : []
    port.postMessage({ outcome: 'done', result } satisfies CompactResult, moved)
  } catch (error) {
    const result: CompactResult = isFailure(error, 'corrupt')
      ? { outcome: 'corrupt', message: error.message }
      : { outcome: 'broken', error }
    port.postMessage(result)
  }
})

/** What is a part of something larger is copied. */
function isWhole(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength
}
