/** The thread that reads and compares schemas for `schema-thread.ts`, one job after another. */
import { parentPort } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { schemaFormats } from '../schema/schema-formats.ts'
import { answerTo, type SchemaAnswer, type SchemaJob } from './schema-job.ts'

export type WorkerAnswer = SchemaAnswer | { readonly kind: 'broken'; readonly error: unknown }

assert(parentPort !== null, 'this file runs as a worker')
const port = parentPort

port.on('message', (job: SchemaJob) => {
  const told = answerTo(schemaFormats, job).catch((error: unknown): WorkerAnswer => {
    return { kind: 'broken', error }
  })
  void told.then((answer) => port.postMessage(answer))
})
