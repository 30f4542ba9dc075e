/** A broker of this checkout, of another one, or of the built package, on a data folder of its own. */
import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { checkout, nodeProgram } from '../test/support/broker-process.ts'
import { Program } from '../test/support/program.ts'

export interface KarstOptions {
  /** Where `entry` is looked for; default: this checkout. */
  readonly home?: string
  /** What Node runs, from `home`. */
  readonly entry?: string
  readonly nodeFlags?: readonly string[]
  readonly flags?: readonly string[]
}

/** On the disk that a user's data would be on: not in /tmp, which is often memory. */
export const workFolder: string = path.join(checkout, 'build/bench')
const lifetimeMs = 10 * 60_000
const readyTimeoutMs = 20_000
const stopGraceMs = 10_000

export class Karst {
  readonly folder: string
  readonly bootstrap: string
  readonly port: number
  /** Where the schema registry and contracts are. */
  readonly registry: string
  readonly readyMs: number
  readonly #program: Program

  private constructor(folder: string, program: Program, ready: string, readyMs: number) {
    this.folder = folder
    this.#program = program
    this.readyMs = readyMs
    this.bootstrap = /kafka=(\S+)/.exec(ready)?.[1] ?? ''
    this.registry = /registry=(?:http:\/\/)?([^\s/]+)/.exec(ready)?.[1] ?? ''
    this.port = Number(this.bootstrap.split(':').at(-1))
  }

  /** Resolves when it says that it serves. */
  static async start(folder: string, options: KarstOptions = {}): Promise<Karst> {
    const { home = checkout, entry = 'src/main.ts', nodeFlags = [], flags = [] } = options
    const anyPort = '127.0.0.1:0'
    const listen = [
      '--kafka',
      anyPort,
      '--http',
      anyPort,
      '--otlp-http',
      anyPort,
      '--registry',
      anyPort,
    ]
    const args = [...nodeFlags, entry, 'up', '--data', folder, ...listen, ...flags]
    const begun = performance.now()
    const program = new Program('karst', nodeProgram, args, { cwd: home, timeoutMs: lifetimeMs })
    const ready = await program.line((line) => line.startsWith('ready '), readyTimeoutMs)
    return new Karst(folder, program, ready, performance.now() - begun)
  }

  get pid(): number {
    return this.#program.pid
  }

  async stop(): Promise<void> {
    await this.#program.stop(stopGraceMs)
  }
}

/** A data folder that is not there yet. Whoever asked for it removes it. */
export async function newFolder(name: string): Promise<string> {
  await mkdir(workFolder, { recursive: true })
  return mkdtemp(path.join(workFolder, `${name}-`))
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}

/** As many as a broker keeps to be recycled, of the size it writes. */
const spareFiles = 16
const pageBytes = 4_096
const spareBytes = 64 * 1024 * 1024

/**
 * Journal files that were written before. A broker that runs for a while recycles its own; one
 * that was just started would be measured while it makes its first ones. Kept between runs, with
 * nothing in their first page, so that a broker finds spares.
 */
export class RecycledFiles {
  readonly #folder = path.join(workFolder, 'recycled')

  async lendTo(dataFolder: string): Promise<void> {
    const journal = path.join(dataFolder, 'journal')
    await mkdir(journal, { recursive: true })
    await mkdir(this.#folder, { recursive: true })
    const names = await readdir(this.#folder)
    for (let at = 0; at < spareFiles; at++) {
      const target = path.join(journal, `${String(at + 1).padStart(8, '0')}.journal`)
      const name = names[at]
      if (name !== undefined) await rename(path.join(this.#folder, name), target)
      await blank(target, name === undefined ? spareBytes : pageBytes)
    }
  }

  /** The broker of the folder must have ended. */
  async takeBack(dataFolder: string): Promise<void> {
    const journal = path.join(dataFolder, 'journal')
    const names = (await readdir(journal)).filter((name) => name.endsWith('.journal'))
    for (const name of names) {
      const file = path.join(journal, name)
      const isWhole = (await stat(file)).size === spareBytes
      if (isWhole) await rename(file, path.join(this.#folder, name))
    }
  }
}

/** Zeros at the beginning of a file, made durable. */
async function blank(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'a').then(async (made) => {
    await made.close()
    return open(file, 'r+')
  })
  const step = Buffer.alloc(Math.min(bytes, 1024 * 1024))
  for (let at = 0; at < bytes; at += step.length) await handle.write(step, 0, step.length, at)
  await handle.sync()
  await handle.close()
}
