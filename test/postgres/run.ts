/**
 * The catalog on real PostgreSQL: 18 from npm, then 15 or what else Debian brings. With --only 18
 * or --only debian one of them. Besides its own tests, those of what is decided in the catalog run
 * on it, and those of the schema registry.
 */
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { debianPostgres } from '../support/install.ts'
import { PostgresServer, postgresVersion } from '../support/postgres-server.ts'
import { Program } from '../support/program.ts'

const lifeMsMax = 15 * 60_000
const decided = [
  ...['commit-groups', 'end-transaction', 'recent-producers'],
  ...['delete-records', 'pack-finish', 'pack-swap'],
]
const others = ['src/contract/contracts.test.ts', 'src/registry/judge/schema-thread.test.ts']

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const own = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `test/postgres/${name}`)
const registry = readdirSync('src/registry/http')
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `src/registry/http/${name}`)
const catalog = decided.map((name) => `src/catalog/${name}.test.ts`)
const files = [...own, ...catalog, ...others, ...registry]

let isGood = true
if (values.only !== 'debian') isGood &&= await runOn('')
if (values.only !== '18') isGood &&= await runOn(await debianPostgres())
process.exitCode = isGood ? 0 : 1

/** `programs`: the folder of `postgres`; '' for the one from npm. */
async function runOn(programs: string): Promise<boolean> {
  process.env['KARST_TEST_POSTGRES'] = programs
  console.log(await postgresVersion())
  const server = await PostgresServer.start()
  try {
    const env = { KARST_TEST_POSTGRES: programs, KARST_TEST_CATALOG: server.url() }
    const args = ['--test', '--test-timeout=120000', '--test-concurrency=2', ...files]
    const tests = new Program('tests', process.execPath, args, { env, timeoutMs: lifeMsMax })
    const { code } = await tests.exited
    const from = tests.lines.findIndex((line) => line.startsWith('ℹ tests '))
    console.log(tests.lines.slice(Math.max(0, from)).join('\n'), tests.errors)
    return code === 0
  } finally {
    await server.stop()
  }
}
