/** What documents name is there: links, and files of this repository between backticks. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { root } from './source-files.ts'

const documents = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'src/**/*.md'], {
  cwd: root,
})
// The map names what lies in src without saying so, and handlers likewise.
const tops = ['', 'src/', 'src/kafka/']

/** Paths such as `log/append-lane.ts`; a name with a capital or * stands for something else. */
const pathsIn = (text: string): string[] =>
  [...text.matchAll(/`([a-z][a-z0-9./-]*\/[a-z0-9./-]+\.ts)`/g)].map(([, path]) => path!)

/** Targets of links within the repository. */
const linksIn = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target]) => target!)

test('links and files that documents name are there', () => {
  assert.ok(documents.length > 10)
  const missing = documents.flatMap((document) => {
    const text = readFileSync(join(root, document), 'utf8')
    const links = linksIn(text).filter((link) => !existsSync(join(root, dirname(document), link)))
    const paths = pathsIn(text).filter(
      (path) => !tops.some((top) => existsSync(join(root, top, path))),
    )
    return [...links, ...paths].map((name) => `${document}: ${name}`)
  })
  assert.deepEqual(missing, [])
})

test('every decision has a number of its own, which its title repeats', () => {
  const decisions = documents.filter((path) => path.startsWith(join('docs', 'adr')))
  const numbers = decisions.map((path) => {
    const number = /(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1] ?? path
    assert.match(readFileSync(join(root, path), 'utf8'), new RegExp(`^# ${number}: `), path)
    return Number(number)
  })
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    numbers.map((_, index) => index),
  )
})
