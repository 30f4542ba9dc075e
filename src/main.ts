/** The process: the only reader of process.*, the only caller of exit. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from './base/errors.ts'
import { about, commands } from './cli/commands.ts'
import type { CommandIo } from './cli/command.ts'
import { dispatch } from './cli/dispatch.ts'

/** In a checkout this file is in src/, installed it is in dist/: package.json is one up from both. */
function version(): string {
  const text = readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const kind = code === 'ENOENT' ? 'not-found' : 'unavailable'
    throw new Failure(kind, `cannot read ${file}: ${code}`, error)
  }
}

/** Ctrl-C reaches a whole process group, and launchers pass it on: echoes of one signal. */
const signalEchoMs = 500

/** The first signal asks for a clean stop; whoever sends a second one does not want to wait. */
function signalled(): AbortSignal {
  const abort = new AbortController()
  const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const
  let firstMs = 0
  for (const [name, number] of Object.entries(numbers)) {
    process.on(name, () => {
      if (!abort.signal.aborted) firstMs = performance.now()
      else if (performance.now() - firstMs > signalEchoMs) process.exit(128 + number)
      abort.abort(name)
    })
  }
  return abort.signal
}

function io(): CommandIo {
  const { stdin, stdout, stderr, env } = process
  // A reader that has seen enough (`| head`) closes the pipe: no failure of ours.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  // Whoever collects the log may be restarted: a broker that cannot log goes on all the same.
  stderr.on('error', () => undefined)
  return {
    out: (text) => void stdout.write(text),
    drained: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      stdout.write('', () => resolve())
      return promise
    },
    err: (text) => void stderr.write(text),
    readText: (file) => readText(file),
    get input() {
      return stdin.setEncoding('utf8') as AsyncIterable<string>
    },
    env,
    cwd: process.cwd(),
    terminal: stdout.isTTY,
    columns: stdout.isTTY ? stdout.columns : undefined,
    signal: signalled(),
  }
}

const world = io()
const front = { name: 'karst', about, commands, version: version() }
const code = await dispatch(front, process.argv.slice(2), world)
await world.drained()
process.exit(code)
