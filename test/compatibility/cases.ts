/**
 * Tables of pairs of schemas, with who can read whom. A case is six lines:
 *
 *     # what changes
 *     old      the schema before
 *     new      the schema after
 *     backward RULE RULE, forward ok
 *     because  the sentence of the specification that says so
 *
 * Backward: readers with the new schema take data of the old one. Forward: the other way. A line
 * may end in `, lenient RULE`: backward under the lenient policy. `;` begins a comment.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SchemaType } from '../../src/registry/schema/schema-format.ts'

export interface CompatibilityCase {
  readonly file: string
  readonly type: SchemaType
  readonly name: string
  readonly old: string
  readonly new: string
  /** Rules without repetition, sorted; empty where all can be read. */
  readonly backward: readonly string[]
  readonly forward: readonly string[]
  readonly lenient: readonly string[] | undefined
  readonly because: string
}

const typeOfFile = (file: string): SchemaType =>
  file.startsWith('avro') ? 'AVRO' : file.startsWith('json') ? 'JSON' : 'PROTOBUF'

/** Of the tables in this folder, and of the blocks of a document for users. */
export function readCases(): readonly CompatibilityCase[] {
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.cases'))
  const tables = names.flatMap((file) => {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8')
    return casesIn(text, file, typeOfFile(file))
  })
  return [...tables, ...documented('docs/registry-compatibility.md')]
}

function documented(document: string): readonly CompatibilityCase[] {
  const text = readFileSync(join(import.meta.dirname, '../..', document), 'utf8')
  return [...text.matchAll(/^```(\w+)-cases\n([^]*?)^```$/gm)].flatMap(
    ([, language = '', block = '']) => casesIn(block, document, typeOfFile(language)),
  )
}

const casesIn = (text: string, file: string, type: SchemaType): readonly CompatibilityCase[] =>
  text
    .split('\n\n')
    .filter((block) => block.trim().startsWith('#'))
    .map((block) => caseOf(block.trim().split('\n'), file, type))

function caseOf(
  [name = '', old = '', after = '', verdict = '', because = '']: readonly string[],
  file: string,
  type: SchemaType,
): CompatibilityCase {
  const [, backward, forward, lenient] =
    /^backward ([\w ]+), forward ([\w ]+?)(?:, lenient ([\w ]+))?$/.exec(verdict) ?? []
  if (backward === undefined || forward === undefined || !because.startsWith('because '))
    throw new Error(`${file}: not a case: ${name}`)
  return {
    file,
    type,
    name: name.slice(2),
    old: old.replace(/^old\s+/, ''),
    new: after.replace(/^new\s+/, ''),
    backward: rules(backward),
    forward: rules(forward),
    lenient: lenient === undefined ? undefined : rules(lenient),
    because: because.replace(/^because\s+/, ''),
  }
}

const rules = (text: string): readonly string[] =>
  text === 'ok' ? [] : [...new Set(text.split(' '))].sort()
