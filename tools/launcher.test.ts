/** The front door, from outside: bin/karst under this Node, as a process. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './source-files.ts'

const launcher = join(root, 'bin', 'karst')

test('it says its version, from any folder', () => {
  const out = execFileSync(process.execPath, [launcher, '--version'], { cwd: tmpdir() })
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string
  }
  assert.equal(out.toString(), `${version}\n`)
})

test('misuse ends with code 2 and says where to look', () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [launcher, 'explode'])
  assert.equal(status, 2)
  assert.match(stderr.toString(), /unknown command explode\.\nSee karst --help/)
  assert.equal(stdout.toString(), '')
})
