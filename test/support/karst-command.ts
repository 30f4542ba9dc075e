/**
 * `karst` commands as a person types them: child processes of this checkout, run to their end. Or
 * in this process, where starting one would only take time.
 */
import { readFile } from 'node:fs/promises'
import { about, commands } from '../../src/cli/commands.ts'
import { dispatch } from '../../src/cli/dispatch.ts'
import { checkout, nodeProgram } from './broker-process.ts'
import { Program } from './program.ts'

export interface Typed {
  readonly code: number | null
  readonly out: string
  /** The last 8 KiB of standard error. */
  readonly err: string
}

const timeoutMs = 30_000

/** Begins a command; `input` is its whole standard input. */
export function begin(
  bootstrap: string,
  args: readonly string[],
  input = '',
  more: Record<string, string> = {},
): Program {
  const env = { KARST_BOOTSTRAP: bootstrap, ...more }
  const options = { cwd: checkout, env, input, timeoutMs }
  return new Program(`karst ${args.join(' ')}`, nodeProgram, ['src/main.ts', ...args], options)
}

export async function typed(
  bootstrap: string,
  args: readonly string[],
  input = '',
  env: Record<string, string> = {},
): Promise<Typed> {
  const program = begin(bootstrap, args, input, env)
  const { code, timedOut } = await program.exited
  if (timedOut) throw new Error(`${program.name} took over ${timeoutMs} ms\n${program.errors}`)
  const out = program.lines.map((line) => `${line}\n`).join('')
  return { code, out, err: program.errors }
}

/** The same in this process, with nobody to send signals. */
export async function here(bootstrap: string, args: readonly string[], input = ''): Promise<Typed> {
  let [out, err] = ['', '']
  const code = await dispatch({ name: 'karst', about, commands }, args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    drained: () => Promise.resolve(),
    input: (async function* () {
      if (input !== '') yield input
    })(),
    readText: (file) => readFile(file, 'utf8'),
    env: { KARST_BOOTSTRAP: bootstrap },
    cwd: checkout,
    terminal: false,
    signal: new AbortController().signal,
  })
  return { code, out, err }
}
