/** A thread that runs the seeds that it is sent, one after the other. See `run.ts`. */
import { inspect } from 'node:util'
import { parentPort } from 'node:worker_threads'
import { errorOf } from './site.ts'
import { simulate, type SimulationKind } from './simulation.ts'

export interface SeedTask {
  readonly seed: number
  readonly kind: SimulationKind
}

/** `failure`: the error, as text; undefined where all held. */
export interface SeedDone extends SeedTask {
  readonly acknowledged: number
  readonly crashes: number
  readonly failure: string | undefined
}

async function run(task: SeedTask): Promise<SeedDone> {
  try {
    const { acknowledged, crashes } = await simulate(task)
    return { ...task, acknowledged, crashes, failure: undefined }
  } catch (error) {
    return { ...task, acknowledged: 0, crashes: 0, failure: inspect(errorOf(error)) }
  }
}

parentPort?.on('message', (task: SeedTask) => {
  void run(task).then((done) => parentPort?.postMessage(done, []))
})
