import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CommandIo } from './command.ts'
import { config } from './config.ts'

async function run(argv: string[], files: Record<string, string> = {}): Promise<string> {
  let out = ''
  const io: CommandIo = {
    out: (text) => void (out += text),
    err: () => undefined,
    drained: () => Promise.resolve(),
    readText: (file) => Promise.resolve(files[file] ?? assert.fail(`${file} is not there`)),
    input: (async function* () {})(),
    env: { KARST_NODE_ID: '7', KARST_BOOTSTRAP: 'far:9092' },
    cwd: '/',
    terminal: false,
    signal: new AbortController().signal,
  }
  assert.equal(await config.run(argv, io), 0)
  return out
}

test('a table of values and where they come from', async () => {
  const files = { 'k.properties': 'log.level=warn' }
  assert.equal(
    await run(['node.id', 'log.level', 'num.partitions', '--config', 'k.properties'], files),
    [
      'node.id         7     KARST_NODE_ID',
      'log.level       warn  k.properties:1',
      'num.partitions  4     default',
      '',
    ].join('\n'),
  )
})

test('the same for a program', async () => {
  assert.deepEqual(JSON.parse(await run(['--json', '--data', '/var/karst', 'data.dir'])), {
    'data.dir': { value: '/var/karst', source: 'flag', where: '--data' },
  })
})

test('a wrong configuration, option or flag is refused', async () => {
  await assert.rejects(run(['--num-partitions', '0']), /num\.partitions \(--num-partitions\): "0"/)
  await assert.rejects(run(['--colour', 'red']), /unknown flag --colour/)
  await assert.rejects(run(['num.partitons']), /there is no option num\.partitons/)
})
