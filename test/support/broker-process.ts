/** A Karst broker as its own process, started from this checkout: what a kill -9 needs. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Exit } from './program.ts'
import { Program } from './program.ts'

export interface BrokerOptions {
  /** Kept when given; otherwise a temporary folder, removed by `close`. */
  dataFolder?: string
  /** Port 0 takes any free port at the first start and keeps it at the next ones. */
  kafka?: string
  http?: string
  otlpHttp?: string
  flags?: readonly string[]
  env?: Record<string, string>
  readyTimeoutMs?: number
  /** A command in whose place the broker comes to run (`nsenter …`), given ours as arguments. */
  through?: readonly string[]
}

export interface Addresses {
  kafka: string
  http: string
  otlp: string
  registry: string
}

export const checkout: string = path.resolve(import.meta.dirname, '../..')
export const nodeProgram: string = path.join(checkout, 'node_modules/.bin/node')

const anyPort = '127.0.0.1:0'
const lifetimeMs = 3 * 60 * 60_000 // the whole of librdkafka's suite, with a busy machine
const stopTimeoutMs = 15_000

export class BrokerProcess {
  readonly dataFolder: string
  readonly #options: BrokerOptions
  readonly #temporary: boolean
  #addresses: Addresses = {
    ...{ kafka: anyPort, http: anyPort, otlp: anyPort, registry: anyPort },
  }
  #program: Program | undefined
  /** From the start of the process to its ready line, of the last start. */
  readyMs = 0

  private constructor(options: BrokerOptions, dataFolder: string) {
    this.#options = options
    this.#temporary = options.dataFolder === undefined
    this.dataFolder = dataFolder
    this.#addresses = {
      kafka: options.kafka ?? anyPort,
      http: options.http ?? anyPort,
      otlp: options.otlpHttp ?? anyPort,
      registry: anyPort,
    }
  }

  /** Resolves when the broker has printed that it serves. */
  static async start(options: BrokerOptions = {}): Promise<BrokerProcess> {
    const folder = options.dataFolder ?? (await mkdtemp(path.join(tmpdir(), 'karst-')))
    const broker = new BrokerProcess(options, folder)
    await broker.restart()
    return broker
  }

  get addresses(): Addresses {
    return this.#addresses
  }

  get bootstrap(): string {
    return this.#addresses.kafka
  }

  get pid(): number {
    return this.#program?.pid ?? -1
  }

  /** The last 8 KiB of its logs. */
  get errors(): string {
    return this.#program?.errors ?? ''
  }

  get isRunning(): boolean {
    return this.#program !== undefined && this.#program.exit === undefined
  }

  /** Starts it on the same folder and the same ports. Resolves when it is ready. */
  async restart(): Promise<void> {
    if (this.isRunning) throw new Error('the broker runs already')
    const { kafka, http, otlp, registry } = this.#addresses
    const listeners = ['--kafka', kafka, '--http', http, '--otlp-http', otlp]
    listeners.push('--registry', registry)
    const flags = [...listeners, ...(this.#options.flags ?? [])]
    const args = [path.join(checkout, 'src/main.ts'), 'up', '--data', this.dataFolder, ...flags]
    const env = this.#options.env ?? {}
    const startedAt = performance.now()
    const options = { cwd: checkout, env, timeoutMs: lifetimeMs }
    const [command = nodeProgram, ...rest] = [
      ...(this.#options.through ?? []),
      nodeProgram,
      ...args,
    ]
    this.#program = new Program('karst', command, rest, options)
    const timeoutMs = this.#options.readyTimeoutMs ?? 10_000
    const ready = await this.#program.line((line) => line.startsWith('ready '), timeoutMs)
    this.readyMs = performance.now() - startedAt
    this.#addresses = parseReadyLine(ready)
  }

  /** kill -9. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#program?.signal('SIGKILL')
    await this.#program?.exited
  }

  /** Resolves when it has ended by itself. */
  ended(): Promise<Exit> {
    if (this.#program === undefined) throw new Error('the broker was never started')
    return this.#program.exited
  }

  /** SIGTERM. Fails when the broker does not end by itself, or not with code 0. */
  async stop(): Promise<Exit> {
    const program = this.#program
    if (program === undefined) throw new Error('the broker was never started')
    if (program.exit !== undefined) return program.exit
    const exit = await program.stop(stopTimeoutMs)
    if (exit.code === 0) return exit
    throw new Error(`karst ended with ${exit.code ?? exit.signal} on SIGTERM\n${program.errors}`)
  }

  /** Stops it and removes a temporary data folder, also after a failed stop. */
  async close(): Promise<void> {
    try {
      if (this.isRunning) await this.stop()
    } finally {
      if (this.#temporary) await rm(this.dataFolder, { recursive: true, force: true })
    }
  }
}

function parseReadyLine(line: string): Addresses {
  const fields = new Map<string, string>()
  for (const field of line.split(' ').slice(1)) {
    const [name = '', value = ''] = field.split('=')
    fields.set(name, value.replace(/^https?:\/\//, ''))
  }
  const read = (name: string): string => {
    const value = fields.get(name)
    if (value === undefined) throw new Error(`no ${name}= in the ready line: ${line}`)
    return value
  }
  const [kafka, http] = [read('kafka'), read('http')]
  return { kafka, http, otlp: read('otlp'), registry: read('registry') }
}
