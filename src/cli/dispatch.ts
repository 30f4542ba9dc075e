/** From words to a command: one table, each command loaded only when it is asked for. */
import { isFailure } from '../base/errors.ts'
import { didYouMean } from '../base/nearest.ts'
import { exitCode, type Command, type CommandIo, type ExitCode } from './command.ts'
import { UsageError } from './usage-error.ts'

export type CommandTable = Readonly<Record<string, () => Promise<Command>>>

export interface Front {
  /** What stands before the command: `karst`, or `karst topic`. */
  readonly name: string
  /** Printed above the list of commands. */
  readonly about: string
  readonly commands: CommandTable
  readonly version?: string
}

/**
 * Runs the command that `argv` names and turns what it throws into a message and an exit code. A
 * wrong program (anything but UsageError and Failure) is thrown on, to end the process with its
 * stack.
 */
export async function dispatch(
  front: Front,
  argv: readonly string[],
  io: CommandIo,
): Promise<ExitCode> {
  const [word, ...rest] = argv
  if (word === '--version' && front.version !== undefined) {
    io.out(`${front.version}\n`)
    return exitCode.ok
  }
  if (word === undefined || word === '--help' || word === '-h' || word === 'help') {
    return help(front, rest, word, io)
  }
  const load = Object.hasOwn(front.commands, word) ? front.commands[word] : undefined
  if (load === undefined) {
    const kind = word.startsWith('-') ? 'flag' : 'command'
    const meant = didYouMean(word, [...Object.keys(front.commands), '--help', '--version'])
    io.err(`${front.name}: unknown ${kind} ${word}.${meant}\nSee ${front.name} --help\n`)
    return exitCode.usage
  }
  const command = await load()
  if (asksForHelp(rest) && command.front === undefined) {
    io.out(command.help)
    return exitCode.ok
  }
  if (command.front !== undefined) return dispatch(command.front, rest, io)
  return run(front, command, rest, io)
}

/** Before a `--`: what comes after it is data. */
function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  const flags = end === -1 ? argv : argv.slice(0, end)
  return flags.includes('--help') || flags.includes('-h')
}

async function run(
  front: Front,
  command: Command,
  argv: readonly string[],
  io: CommandIo,
): Promise<ExitCode> {
  const name = `${front.name} ${command.name}`
  try {
    return await command.run(argv, io)
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`${name}: ${error.message}\nSee ${name} --help\n`)
      return exitCode.usage
    }
    if (isFailure(error)) {
      io.err(`${name}: ${error.message}\n`)
      return exitCode.failure
    }
    throw error
  }
}

/** `--help` lists the commands; `help NAME` prints the text of one. Nothing typed at all is misuse. */
async function help(
  front: Front,
  rest: readonly string[],
  word: string | undefined,
  io: CommandIo,
): Promise<ExitCode> {
  if (word === 'help' && rest[0] !== undefined) return dispatch(front, [...rest, '--help'], io)
  const commands = await Promise.all(Object.values(front.commands).map((load) => load()))
  const width = Math.max(...commands.map(({ name }) => name.length))
  const text = [
    `Usage: ${front.name} COMMAND [FLAGS]\n`,
    `${front.about}\n`,
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    `\nSee ${front.name} COMMAND --help\n`,
  ].join('\n')
  if (word === undefined) {
    io.err(text)
    return exitCode.usage
  }
  io.out(text)
  return exitCode.ok
}
