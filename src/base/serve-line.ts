/** The thread's side of a WorkerLine: does its jobs in their order. */
import { parentPort } from 'node:worker_threads'
import { assert } from './assert.ts'

export interface LineAnswer<Result> {
  readonly result: Result
  /** Memory that leaves with it. */
  readonly memory?: ArrayBuffer[]
}

/**
 * Each job is answered when it is done, also where the next is here already: that one may take
 * long.
 *
 * @param work never rejects: a failure is a result.
 */
export function serveLine<Job, Result>(
  work: (job: Job) => LineAnswer<Result> | Promise<LineAnswer<Result>>,
): void {
  assert(parentPort !== null, 'this file runs as a worker')
  const port = parentPort
  let last: Promise<void> = Promise.resolve()
  port.on('message', (job: Job) => {
    last = last.then(async () => {
      const { result, memory = [] } = await work(job)
      port.postMessage(result, memory)
    })
  })
}
