/** The thread that prepares large requests for `prepare-thread.ts`, one after another. */
import { parentPort } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { prepare, type Prepared, type PrepareRequest } from './prepare.ts'

export interface PrepareJob {
  readonly id: number
  readonly request: PrepareRequest
}

export type PrepareResult =
  | { readonly id: number; readonly prepared: Prepared }
  | { readonly id: number; readonly error: unknown }

assert(parentPort !== null, 'this file runs as a worker')
const port = parentPort

port.on('message', ({ id, request }: PrepareJob) => {
  try {
    const prepared = prepare(request)
    const moved = prepared.outcome === 'prepared' ? [prepared.bytes.buffer] : []
    port.postMessage({ id, prepared } satisfies PrepareResult, moved)
  } catch (error) {
    port.postMessage({ id, error } satisfies PrepareResult)
  }
})
