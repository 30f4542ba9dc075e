/**
 * Runs the tests of a fleet: three brokers and more, as processes, over a real S3 server and a real
 * PostgreSQL, with real clients.
 *
 * npm run test:fleet              everything
 * npm run test:fleet -- drain     only these files
 */
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { checkout, nodeProgram } from '../support/broker-process.ts'
import { installAll } from '../support/install.ts'
import { installS3Server } from '../support/s3-server.ts'

const testTimeoutMs = 300_000 // of one file

await installAll()
await installS3Server()
const names = await readdir(import.meta.dirname)
const tests = names.filter((name) => name.endsWith('.test.ts')).toSorted()
const given = process.argv.slice(2).map((name) => `${name}.test.ts`)
const unknown = given.filter((name) => !tests.includes(name))
if (unknown.length > 0) throw new Error(`no such test of a fleet: ${unknown.join(', ')}`)
const files = (given.length === 0 ? tests : given).map((name) =>
  path.join(import.meta.dirname, name),
)
const flags = ['--test', `--test-timeout=${testTimeoutMs}`, '--test-concurrency=1']
flags.push('--test-force-exit') // a client left open by a failed test must not hold all others
const child = spawn(nodeProgram, [...flags, ...files], { cwd: checkout, stdio: 'inherit' })
child.on('close', (code) => (process.exitCode = code ?? 1))
