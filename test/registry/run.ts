/**
 * Runs the tests of the schema registry with clients that others wrote: Confluent's for JavaScript
 * and Python, and that of kafkajs. Installs them into build/registry-clients.
 *
 * npm run test:registry                     everything, against Karst from this checkout
 * npm run test:registry -- --target fleet   against three brokers over S3 and PostgreSQL
 * npm run test:registry -- python           only these files
 */
import { spawn, spawnSync } from 'node:child_process'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { checkout, nodeProgram } from '../support/broker-process.ts'
import { installDebianPackages } from '../support/install.ts'
import { run } from '../support/program.ts'
import { clientsHome, pythonHome } from './homes.ts'

const testTimeoutMs = 180_000 // of one file
const installTimeoutMs = 300_000

const { values, positionals } = parseArgs({
  options: { target: { type: 'string', default: 'karst' } },
  allowPositionals: true,
})
if (!['karst', 'fleet'].includes(values.target)) {
  throw new Error(`--target is karst or fleet, not ${values.target}`)
}

await installNode()
await installPython()
const names = await readdir(import.meta.dirname)
const tests = names.filter((name) => name.endsWith('.test.ts')).toSorted()
const given = positionals.map((name) => `${name}.test.ts`)
const unknown = given.filter((name) => !tests.includes(name))
if (unknown.length > 0) throw new Error(`no such test of the registry: ${unknown.join(', ')}`)
const files = (given.length === 0 ? tests : given).map((name) =>
  path.join(import.meta.dirname, name),
)
const flags = ['--test', `--test-timeout=${testTimeoutMs}`, '--test-concurrency=1']
flags.push('--test-force-exit') // a client left open by a failed test must not hold all others
const env = { ...process.env, ...(values.target === 'fleet' ? { FLEET_UNDER_TEST: '3' } : {}) }
const child = spawn(nodeProgram, [...flags, ...files], { cwd: checkout, stdio: 'inherit', env })
child.on('close', (code) => (process.exitCode = code ?? 1))

async function installNode(): Promise<void> {
  await mkdir(clientsHome, { recursive: true })
  for (const name of ['package.json', 'package-lock.json']) {
    await copyFile(path.join(import.meta.dirname, 'node', name), path.join(clientsHome, name))
  }
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts']
  await run('npm ci', 'npm', args, { cwd: clientsHome, timeoutMs: installTimeoutMs })
}

async function installPython(): Promise<void> {
  const options = { timeoutMs: installTimeoutMs }
  // Debian's Python comes without what makes environments.
  const isThere = () => spawnSync('python3', ['-c', 'import ensurepip']).status === 0
  await installDebianPackages([{ what: 'python3 -m venv', isThere, aptPackage: 'python3-venv' }])
  await run('python3 -m venv', 'python3', ['-m', 'venv', pythonHome], options)
  const requirements = path.join(import.meta.dirname, 'python/requirements.txt')
  const pip = path.join(pythonHome, 'bin/pip')
  await run('pip install', pip, ['install', '-q', '-r', requirements], options)
}
