import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from '../base/errors.ts'
import { exitCode, type Command, type CommandIo } from './command.ts'
import { dispatch, type Front } from './dispatch.ts'
import { UsageError } from './usage-error.ts'

const command = (name: string, run: Command['run']): Command => ({
  name,
  summary: `${name}s something`,
  help: `Usage: karst ${name}\n`,
  run,
})
const failing = (error: Error) => () => Promise.reject(error)
const table = (...commands: Command[]) =>
  Object.fromEntries(commands.map((each) => [each.name, () => Promise.resolve(each)]))

const topics: Front = {
  name: 'karst topic',
  about: 'Topics.',
  commands: table(
    command('create', (argv, io) => {
      io.out(argv.join(' '))
      return Promise.resolve(exitCode.ok)
    }),
  ),
}
const front: Front = {
  name: 'karst',
  about: 'Karst.',
  version: '1.2.3',
  commands: table(
    { ...command('topic', failing(new Error('a family does not run'))), front: topics },
    command('misused', failing(new UsageError('needs a NAME'))),
    command('failing', failing(new Failure('unavailable', 'the broker does not answer'))),
    command('wrong', failing(new TypeError('x is undefined'))),
  ),
}

async function type(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const io: CommandIo = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    drained: () => Promise.resolve(),
    input: (async function* () {})(),
    readText: () => Promise.reject(new Error('no files here')),
    env: {},
    cwd: '/',
    terminal: false,
    signal: new AbortController().signal,
  }
  return { code: await dispatch(front, argv, io), out, err }
}

test('a command of a family gets the rest of the words', async () => {
  assert.deepEqual(await type('topic', 'create', 'a', '--', '--help'), {
    code: 0,
    out: 'a -- --help',
    err: '',
  })
})

test('help at every level, on standard output', async () => {
  assert.match((await type('--help')).out, /topic {4}topics something/)
  assert.match((await type('topic', '--help')).out, /^Usage: karst topic COMMAND/)
  assert.equal((await type('topic', 'create', 'x', '--help')).out, 'Usage: karst create\n')
  assert.equal((await type('help', 'failing')).out, 'Usage: karst failing\n')
  assert.equal((await type('--version')).out, '1.2.3\n')
})

test('what is not understood ends with code 2, on standard error', async () => {
  assert.deepEqual(await type('tpic'), {
    code: 2,
    out: '',
    err: 'karst: unknown command tpic. Did you mean topic?\nSee karst --help\n',
  })
  assert.equal((await type()).code, 2)
  assert.equal((await type('topic')).code, 2)
  assert.equal((await type('topic', 'creat')).code, 2)
  assert.deepEqual(await type('misused'), {
    code: 2,
    out: '',
    err: 'karst misused: needs a NAME\nSee karst misused --help\n',
  })
})

test('what did not work ends with code 1', async () => {
  assert.deepEqual(await type('failing'), {
    code: 1,
    out: '',
    err: 'karst failing: the broker does not answer\n',
  })
})

test('a wrong program is not dressed up as a failure', async () => {
  await assert.rejects(type('wrong'), TypeError)
})
