/**
 * A program outside this process, with a time limit on everything: librdkafka clients wait for
 * ever on a dead broker, and a test that hangs tells nothing.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ProgramOptions {
  cwd?: string
  env?: Record<string, string>
  /** Runs as this user and group: for what refuses to run as root. */
  uid?: number
  gid?: number
  /** Written to standard input, which is then closed. Without it, standard input stays empty. */
  input?: string
  /** The program is killed after this time, and waiting for its end fails. Milliseconds. */
  timeoutMs: number
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  timedOut: boolean
}

const errorTailBytes = 8_192 // enough for a stack trace in a failed assertion
const alive = new Set<ChildProcess>()
process.on('exit', killPrograms)

/** kill -9 to all that run: what a failed test leaves must not disturb the next. */
export function killPrograms(): void {
  for (const child of alive) child.kill('SIGKILL')
}

export class Program {
  readonly name: string
  readonly exited: Promise<Exit>
  /** Complete lines of standard output so far. */
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #watchers = new Set<() => void>()
  #errors = ''
  #exit: Exit | undefined

  constructor(name: string, command: string, args: readonly string[], options: ProgramOptions) {
    this.name = name
    // A machine without a locale must not change what is printed: Java writes '?' for 'ö'.
    const env = { ...process.env, LC_ALL: 'C.UTF-8', ...options.env }
    const { cwd, uid, gid } = options
    this.#child = spawn(command, args, { cwd, env, uid, gid, stdio: 'pipe' })
    alive.add(this.#child)
    this.exited = this.#follow(options.timeoutMs)
    this.#child.stdin?.on('error', () => {}) // it may end before it has read everything
    this.#child.stdin?.end(options.input ?? '')
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get exit(): Exit | undefined {
    return this.#exit
  }

  /** The last 8 KiB of standard error. */
  get errors(): string {
    return this.#errors
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** SIGTERM, then SIGKILL after the grace. Resolves when the program is gone. */
  async stop(graceMs = 10_000): Promise<Exit> {
    this.signal('SIGTERM')
    const ended = await Promise.race([this.exited, sleep(graceMs, undefined, { ref: false })])
    if (ended !== undefined) return ended
    this.signal('SIGKILL')
    return this.exited
  }

  /** Resolves with the first line that matches, printed already or later. */
  async line(matches: (line: string) => boolean, timeoutMs: number): Promise<string> {
    let seen = 0
    let found: string | undefined
    await this.until(() => {
      while (found === undefined && seen < this.lines.length) {
        const line = this.lines[seen++] ?? ''
        if (matches(line)) found = line
      }
      return found !== undefined
    }, timeoutMs)
    return found ?? ''
  }

  /** Resolves when the condition, asked after each output, holds. Fails when the program ends. */
  async until(holds: () => boolean, timeoutMs: number): Promise<void> {
    if (holds()) return
    const done = Promise.withResolvers<void>()
    const check = () => {
      if (holds()) done.resolve()
      else if (this.#exit !== undefined) done.reject(this.#failure('ended before it was ready'))
    }
    const timer = setTimeout(() => {
      done.reject(this.#failure(`is not ready after ${timeoutMs} ms`))
    }, timeoutMs)
    this.#watchers.add(check)
    try {
      check()
      await done.promise
    } finally {
      clearTimeout(timer)
      this.#watchers.delete(check)
    }
  }

  /** Resolves when the program has ended by itself with code 0. */
  async succeeded(): Promise<void> {
    const exit = await this.exited
    if (exit.timedOut) throw this.#failure('was killed at its time limit')
    if (exit.code !== 0) throw this.#failure(`ended with ${exit.code ?? exit.signal}`)
  }

  #failure(what: string): Error {
    const wrong = this.lines.filter((line) => line.includes('"error"')).slice(0, 3)
    const tail = [...wrong, ...this.lines.slice(-10)].join('\n')
    return new Error(`${this.name} ${what}\nstdout: ${tail}\nstderr: ${this.#errors}`)
  }

  #follow(timeoutMs: number): Promise<Exit> {
    const done = Promise.withResolvers<Exit>()
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      this.#child.kill('SIGKILL')
    }, timeoutMs)
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      clearTimeout(timer)
      alive.delete(this.#child)
      this.#exit = { code, signal, timedOut }
      done.resolve(this.#exit)
      for (const watcher of this.#watchers) watcher()
    }
    this.#readLines()
    this.#child.on('error', (error) => {
      this.#errors += error.message
      end(-1, null)
    })
    this.#child.on('close', end)
    return done.promise
  }

  #readLines(): void {
    const decoder = new StringDecoder('utf8')
    let rest = ''
    this.#child.stdout?.on('data', (bytes: Buffer) => {
      const parts = (rest + decoder.write(bytes)).split('\n')
      rest = parts.pop() ?? ''
      for (const part of parts) this.lines.push(part)
      for (const watcher of this.#watchers) watcher()
    })
    this.#child.stdout?.on('end', () => {
      if (rest !== '') this.lines.push(rest)
    })
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#errors = (this.#errors + bytes.toString()).slice(-errorTailBytes)
    })
  }
}

/** Runs a program to its end and resolves with its lines of output; any failure is thrown. */
export async function run(
  name: string,
  command: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<string[]> {
  const program = new Program(name, command, args, options)
  await program.succeeded()
  return program.lines
}
