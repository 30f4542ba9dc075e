/** The thread that reads and compares schemas for `schema-thread.ts`, one job after another. */
import { serveLine } from '../../base/serve-line.ts'
import { schemaFormats } from '../schema/schema-formats.ts'
import { answerTo, type SchemaAnswer, type SchemaJob } from './schema-job.ts'

export type WorkerAnswer = SchemaAnswer | { readonly kind: 'broken'; readonly error: unknown }

serveLine<SchemaJob, WorkerAnswer>(async (job) => ({
  result: await answerTo(schemaFormats, job).catch((error: unknown): WorkerAnswer => {
    return { kind: 'broken', error }
  }),
}))
