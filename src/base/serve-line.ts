/** The thread's side of a WorkerLine: does its jobs in their order. */
import { parentPort } from 'node:worker_threads'
import { assert } from './assert.ts'

export interface LineAnswer<Result> {
  readonly result: Result
  /** Memory that leaves with it. */
  readonly memory?: readonly ArrayBuffer[]
}

/**
 * Answers wait so long for those that follow, milliseconds, where their jobs are here already: what
 * comes together is gone on with together, and a message costs as much as a small job.
 */
const togetherMsMax = 1

/** @param work never rejects: a failure is a result. */
export function serveLine<Job, Result>(
  work: (job: Job) => LineAnswer<Result> | Promise<LineAnswer<Result>>,
): void {
  assert(parentPort !== null, 'this file runs as a worker')
  const port = parentPort
  let results: Result[] = []
  let memory: ArrayBuffer[] = []
  let sinceMs = 0
  let isDue = false
  const post = (): void => {
    isDue = false
    if (results.length === 0) return
    port.postMessage(results, memory)
    results = []
    memory = []
  }
  let last: Promise<void> = Promise.resolve()
  const answer = async (job: Job): Promise<void> => {
    const done = await work(job)
    const nowMs = performance.now()
    if (results.length === 0) sinceMs = nowMs
    results.push(done.result)
    memory.push(...(done.memory ?? []))
    if (nowMs - sinceMs >= togetherMsMax) post()
    else if (!isDue) {
      isDue = true
      setImmediate(post) // behind the jobs that have come
    }
  }
  port.on('message', (job: Job) => {
    last = last.then(() => answer(job))
  })
}
