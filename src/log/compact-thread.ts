/** Runs a pass of compaction in a thread of its own, where it is long enough to be noticed. */
import { Worker } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import type { CleanedRun, CleanInput, MappedRun, PassInput, PassRules } from './compact-pass.ts'
import type { CompactCall, CompactResult } from './compact-worker.ts'
import { type CompactionPass, openInlinePass, type OpenPass } from './compaction-pass.ts'

/** To start a thread takes as long as to judge about so many bytes: some 10 ms. */
const inlineBytesMax = 256 * 1024

/** A thread where the pass looks at more than a little. */
export const openPassWithThread: OpenPass = (rules, bytes) =>
  bytes <= inlineBytesMax ? openInlinePass(rules, bytes) : new PassThread(rules)

export class PassThread implements CompactionPass {
  readonly #worker: Worker
  #waiting: PromiseWithResolvers<MappedRun | CleanedRun> | undefined
  #lost: Failure | undefined

  constructor(rules: PassRules) {
    this.#worker = new Worker(new URL('./compact-worker.ts', import.meta.url), {
      workerData: rules,
    })
    this.#worker.on('message', (result: CompactResult) => this.#settle(result))
    this.#worker.on('error', (error) => this.#settle({ outcome: 'broken', error }))
  }

  map(input: PassInput): Promise<MappedRun> {
    return this.#call({ call: 'map', input }) as Promise<MappedRun>
  }

  clean(input: CleanInput): Promise<CleanedRun> {
    return this.#call({ call: 'clean', input }) as Promise<CleanedRun>
  }

  async close(): Promise<void> {
    this.#lost ??= new Failure('closed', 'the pass of compaction is over')
    this.#waiting?.reject(this.#lost)
    this.#waiting = undefined
    await this.#worker.terminate()
  }

  /** The bytes are copied: they may lie in a cache. */
  #call(call: CompactCall): Promise<MappedRun | CleanedRun> {
    assert(this.#waiting === undefined, 'calls of a pass come one after another')
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    this.#waiting = Promise.withResolvers<MappedRun | CleanedRun>()
    const { promise } = this.#waiting
    const bytes = new Uint8Array(call.input.bytes)
    const sent = { ...call, input: { ...call.input, bytes } } as CompactCall
    this.#worker.postMessage(sent, [bytes.buffer])
    return promise
  }

  #settle(result: CompactResult): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    switch (result.outcome) {
      case 'done':
        waiting?.resolve(result.result)
        return
      case 'corrupt':
        waiting?.reject(new Failure('corrupt', result.message))
        return
      case 'broken': {
        const { error } = result
        this.#lost = new Failure('unavailable', 'the thread of compaction failed', error)
        waiting?.reject(this.#lost)
      }
    }
  }
}
