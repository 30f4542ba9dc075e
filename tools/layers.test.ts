/** The import law: imports go down only. Change the table, not the test, and say why in the commit. */
import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import { importsOf, sourceFiles } from './source-files.ts'

/** From the ground up. A part may import itself and every floor below it, but not its neighbours. */
const floors: readonly (readonly string[])[] = [
  ['base'],
  ['config', 'record', 'wire', 'disk'],
  ['objects'],
  ['catalog'],
  ['journal', 'registry'],
  ['contract'],
  ['fleet'],
  ['log', 'txn', 'group', 'quota'],
  ['telemetry'],
  ['kafka', 'admin'],
  ['start'],
  ['doctor'],
  ['backup'],
  ['server.ts', 'client', 'v8-flags.ts'],
  ['cli'],
  ['main.ts'],
]

/** Kafka's numeric codes and versions stay at the edge: nothing that decides or stores knows them. */
const never: Readonly<Record<string, readonly string[]>> = {
  catalog: ['wire'],
  journal: ['wire'],
  log: ['wire'],
  txn: ['wire'],
  group: ['wire'],
  quota: ['wire'],
  telemetry: ['wire'],
  registry: ['wire', 'config', 'disk', 'objects'],
  contract: ['wire', 'config', 'disk', 'objects', 'journal'],
}

const floorOf = (part: string): number => floors.findIndex((floor) => floor.includes(part))

/**
 * `src/log/index.ts` is of the part `log`; `src/server.ts` and its test are of the part
 * `server.ts`.
 */
const partOf = (path: string): string => (path.split('/')[1] ?? '').replace('.test.ts', '.ts')

function breach(from: string, to: string): string | undefined {
  if (from.endsWith('.test.ts') && to.startsWith('test/')) return undefined // shared suites
  if (!to.startsWith('src/')) return `${from} imports ${to}: src stands on itself alone`
  const [upper, lower] = [partOf(from), partOf(to)]
  if (upper === lower) return undefined
  if (never[upper]?.includes(lower) === true)
    return `${from} imports ${to}: ${upper} never knows ${lower}`
  if (floorOf(lower) < floorOf(upper)) return undefined
  return `${from} imports ${to}: ${upper} does not stand above ${lower}`
}

test('every part of src has a floor', () => {
  const parts = new Set(sourceFiles('src').map(({ path }) => partOf(path)))
  const homeless = [...parts].filter((part) => floorOf(part) === -1)
  assert.deepEqual(homeless, [], 'give it a floor in tools/layers.test.ts')
})

test('imports go down only', () => {
  const breaches = sourceFiles('src').flatMap(({ path, text }) =>
    importsOf(text)
      .filter((name) => name.startsWith('.'))
      .map((name) => breach(path, posix.join(posix.dirname(path), name))),
  )
  assert.deepEqual(
    breaches.filter((found) => found !== undefined),
    [],
  )
})

test('the law bites', () => {
  assert.match(breach('src/log/append.ts', 'src/wire/frame.ts') ?? '', /never knows wire/)
  assert.match(breach('src/wire/frame.ts', 'src/record/batch.ts') ?? '', /does not stand above/)
  assert.match(breach('src/base/clock.ts', 'src/config/table.ts') ?? '', /does not stand above/)
  assert.match(breach('src/base/clock.ts', 'test/sim/clock.ts') ?? '', /stands on itself/)
  assert.equal(breach('src/server.ts', 'src/kafka/listener.ts'), undefined)
  assert.deepEqual(
    importsOf("import type {\n  A,\n} from './a.ts'\nawait import('./b.ts')\nimport 'c'"),
    ['./a.ts', './b.ts', 'c'],
  )
})
