/** The front door, from outside: bin/karst as a process, in a checkout and as installed. */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { root } from './source-files.ts'

const launcher = join(root, 'bin', 'karst')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
}

test('it says its version, from any folder', () => {
  const out = execFileSync(process.execPath, [launcher, '--version'], { cwd: tmpdir() })
  assert.equal(out.toString(), `${version}\n`)
})

test('misuse ends with code 2 and says where to look', () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [launcher, 'explode'])
  assert.equal(status, 2)
  assert.match(stderr.toString(), /unknown command explode\.\nSee karst --help/)
  assert.equal(stdout.toString(), '')
})

/** Says what runs it, ends with 7 when asked to, and as any process when not asked politely. */
const program = `
process.on('SIGTERM', () => process.exit(7))
setInterval(() => {}, 1000)
const { pid, argv, versions } = process
console.log(JSON.stringify({ node: versions.node, pid, argv: argv.slice(2) }))
`

interface Installed {
  /** Starts the launcher as a Node that is too old would; resolves with what the program said. */
  start(...argv: string[]): Promise<{ launched: ChildProcess; said: Said }>
}
interface Said {
  readonly node: string
  readonly pid: number
  readonly argv: readonly string[]
}

function install(t: TestContext): Installed {
  const home = mkdtempSync(join(tmpdir(), 'karst-launcher-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  cpSync(join(root, 'bin'), join(home, 'bin'), { recursive: true })
  mkdirSync(join(home, 'dist'))
  writeFileSync(join(home, 'package.json'), '{"type":"module"}')
  writeFileSync(join(home, 'dist', 'karst.js'), program)
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'))
  const old = join(home, 'old.cjs')
  writeFileSync(old, "Object.defineProperty(process, 'versions', { value: { node: '20.0.0' } })")
  return {
    async start(...argv) {
      const launched = spawn(process.execPath, ['-r', old, join(home, 'bin', 'karst'), ...argv])
      t.after(() => launched.kill('SIGKILL'))
      const [chunk] = (await once(launched.stdout, 'data')) as [Buffer]
      return { launched, said: JSON.parse(chunk.toString()) as Said }
    },
  }
}

test('under an old Node it runs with the one that it brings; signals and codes pass', async (t) => {
  const { launched, said } = await install(t).start('up', '--data', '/x')
  assert.ok(Number(said.node.split('.')[0]) >= 26)
  assert.deepEqual(said.argv, ['up', '--data', '/x'])
  assert.notEqual(said.pid, launched.pid)
  launched.kill('SIGTERM')
  assert.deepEqual(await once(launched, 'exit'), [7, null])
})

test('the end by a signal is passed on as such', async (t) => {
  const { launched, said } = await install(t).start()
  process.kill(said.pid, 'SIGKILL')
  assert.deepEqual(await once(launched, 'exit'), [null, 'SIGKILL'])
})

test('a launcher that is killed leaves no process behind', async (t) => {
  const { launched } = await install(t).start()
  launched.kill('SIGKILL')
  await once(launched, 'close') // the program writes to the same pipe: both have ended
})
