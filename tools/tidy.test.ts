/** Holds the size and the shape of the code: numbers are checked, not remembered. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { basename, join, posix } from 'node:path'
import { stripTypeScriptTypes } from 'node:module'
import { test } from 'node:test'
import { adapters } from './adapters.ts'
import { importsOf, root, sourceFiles } from './source-files.ts'
import { covered } from './suites.ts'

const fileLinesMax = 500 // beyond it, a file holds more than one noun
const fileLinesSoft = 200 // reported, so that growth is seen while it is cheap
const columnsMax = 100
const commentColumnsMax = 106 // the formatter wraps the prose and does not count its frame

const ours = sourceFiles('src', 'tools', 'test', 'bench', 'examples')
const src = ours.filter(({ path }) => path.startsWith('src/'))
const lines = (text: string): number => text.split('\n').length - 1
const columnsMaxOf = (line: string): number =>
  /^\s*(\/\*\*|\*) /.test(line) ? commentColumnsMax : columnsMax
const isTest = (path: string): boolean => path.endsWith('.test.ts')
const within = (path: string, place: string): boolean =>
  place.endsWith('/') ? path.startsWith(place) : path === place

test(`no file has more than ${fileLinesMax} lines`, (t) => {
  const sized = ours.map(({ path, text }) => ({ path, lines: lines(text) }))
  for (const file of sized.filter((each) => each.lines > fileLinesSoft && !isTest(each.path))) {
    t.diagnostic(`over the soft ${fileLinesSoft}: ${file.path} has ${file.lines} lines`)
  }
  assert.deepEqual(
    sized.filter((file) => file.lines > fileLinesMax),
    [],
  )
})

test(`no line has more than ${columnsMax} columns`, () => {
  const long = ours.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, at) => (line.length > columnsMaxOf(line) ? [`${path}:${at + 1}`] : [])),
  )
  assert.deepEqual(long, [])
})

test('a file is named after what it holds', () => {
  const vague = ours.filter(({ path }) => /\b(utils?|helpers?|common|misc|managers?)\b/.test(path))
  const named = ours.filter(({ path }) => /^[a-z0-9]+([-.][a-z0-9]+)*\.ts$/.test(basename(path)))
  assert.deepEqual(
    vague.map(({ path }) => path),
    [],
  )
  assert.deepEqual(
    ours.filter((file) => !named.includes(file)).map(({ path }) => path),
    [],
    'kebab-case',
  )
})

test('every source file begins by saying why it exists', () => {
  const silent = ours.filter(
    ({ path, text }) => !isTest(path) && !/^(#!.*\n)?\/(\*\*|\/)\s/.test(text),
  )
  assert.deepEqual(
    silent.map(({ path }) => path),
    [],
  )
})

/** Nothing is left of it but imports once its types are gone. */
function holdsOnlyTypes(text: string): boolean {
  const left = stripTypeScriptTypes(text).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  return left.replace(/^\s*(?:im|ex)port\s[^'"]*from\s+['"][^'"]+['"]/gm, '').trim() === ''
}

const textOf = new Map(ours.map(({ path, text }) => [path, text]))
const folderOf = (path: string): string => path.split('/').slice(0, 2).join('/')

/** What a test imports wherever it lies, and from there on what each folder imports of itself. */
function reachedFrom(testPath: string): Set<string> {
  const reached = new Set([testPath])
  for (const path of reached) {
    for (const name of importsOf(textOf.get(path) ?? '').filter((each) => each.startsWith('.'))) {
      const imported = posix.join(posix.dirname(path), name)
      if (path === testPath || path.startsWith('test/') || folderOf(imported) === folderOf(path))
        reached.add(imported)
    }
  }
  return reached
}

test('every source file is exercised, by tests of its own folder or by a suite', () => {
  const tests = ours.map(({ path }) => path).filter(isTest)
  const exercised = new Set(tests.flatMap((path) => [...reachedFrom(path)]))
  const untested = src.filter(({ path, text }) => {
    if (isTest(path) || holdsOnlyTypes(text)) return false
    return !exercised.has(path) && !covered.some((each) => within(path, each.path))
  })
  assert.deepEqual(
    untested.map(({ path }) => path),
    [],
    'write a test beside it, or name its suite in tools/suites.ts',
  )
})

test('the tables of exceptions name what is there', () => {
  const gone = [...adapters, ...covered].map(({ path }) => path)
  const suites = covered.map(({ suite }) => suite)
  assert.deepEqual(
    [...gone, ...suites].filter((path) => !existsSync(join(root, path))),
    [],
  )
})
