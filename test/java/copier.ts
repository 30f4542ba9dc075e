/** One transactional copier, started again whenever it ends, until all is copied. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Program } from '../support/program.ts'
import { openJvm } from './jvm.ts'
import type { TargetName } from './world.ts'

const main = 'org.apache.kafka.tools.TransactionalMessageCopier'
const transactionRecords = 750 // as in Kafka's system tests
/**
 * A killed copier's successor asks for its offset before it ends the old transaction, and is
 * told to wait: until this time is over and the transaction aborted.
 *
 * Apache Kafka gets more. When a transaction times out while its only broker starts, it counts
 * the partitions, which have no leader yet, as deleted: it writes no markers and the transaction
 * complete, and the partitions' readers wait for ever (seen with 4.3.1).
 */
const transactionTimeoutMs: Record<TargetName, number> = {
  karst: 10_000,
  fleet: 10_000,
  kafka: 40_000,
}
const restartPauseMs = 200
/** Of one copier, one after the other, with nobody killing it: more than the broker explains. */
const failuresMax = 25

export interface CopierPlan {
  target: TargetName
  bootstrap: string
  input: string
  output: string
  group: string
  /** Whether each copies its own partition, or what its consumer group gives it. */
  mode: 'partition' | 'group'
  timeoutMs: number
  folder: string
}

export class Copier {
  readonly partition: number
  readonly #plan: CopierPlan
  #program: Program | undefined
  #lastRun = false
  #killing = false
  runs = 0
  killed = 0
  failed = 0

  constructor(plan: CopierPlan, partition: number) {
    this.#plan = plan
    this.partition = partition
  }

  /** kill -9; it is started again at once. */
  kill(): void {
    this.#killing = true
    this.#program?.signal('SIGKILL')
  }

  /** Nothing more is written: a run that begins from now on and ends well has copied all. */
  finish(): void {
    this.#lastRun = true
  }

  /** Resolves when a run that was begun after `finish` has ended well. */
  async keepRunning(): Promise<void> {
    let failures = 0
    for (;;) {
      const last = this.#lastRun
      this.#killing = false
      this.#program = await this.#open()
      this.runs++
      const { code, timedOut } = await this.#program.exited
      if (timedOut) throw new Error(`${this.#program.name} was killed at its time limit`)
      if (code === 0 && last) return
      if (this.#killing) this.killed++
      else if (code !== 0) this.failed++
      failures = code === 0 || this.#killing ? 0 : failures + 1
      if (failures > failuresMax) {
        const { name, errors, lines } = this.#program
        throw new Error(`${name} failed ${failures} times:\n${lines.at(-1)}\n${errors}`)
      }
      await sleep(restartPauseMs)
    }
  }

  async #open(): Promise<Program> {
    const { bootstrap, target, input, output, group, mode, timeoutMs, folder } = this.#plan
    const name = `copier-${mode}-${this.partition}`
    const args = [
      ['--broker-list', bootstrap],
      ['--input-topic', input, '--input-partition', String(this.partition)],
      ['--output-topic', output],
      ['--transactional-id', `${output}-${this.partition}`],
      ['--transaction-size', String(transactionRecords)],
      ['--transaction-timeout', String(transactionTimeoutMs[target])],
      ['--consumer-group', group],
      ['--enable-random-aborts'],
      mode === 'group' ? ['--group-mode', '--use-group-metadata'] : [],
    ]
    return openJvm(name, main, args.flat(), { folder, timeoutMs })
  }
}
