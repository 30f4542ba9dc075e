/**
 * Adds to src/wire/testing/golden.json what is not recorded yet: chance values of each version of
 * each message, that the classes of Apache Kafka read and wrote again without a difference. What is
 * recorded stays. Needs Java 17 and what `npm run test:clients` installs.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { apis } from '../src/wire/apis.ts'
import type { AnyApi, AnyMessage } from '../src/wire/message.ts'
import { arbitraryValue } from '../src/wire/testing/arbitrary.ts'
import { classPath } from '../test/support/java-tools.ts'

interface Golden {
  readonly message: string
  readonly version: number
  readonly hex: string
  readonly value?: object
}

const file = new URL('../src/wire/testing/golden.json', import.meta.url)
const rewriter = new URL('../test/support/native/RewriteMessages.java', import.meta.url)
const candidates = 40

const recorded = JSON.parse(readFileSync(file, 'utf8')) as Golden[]
const keyOf = ({ message, version }: Golden): string => `${message} ${version}`
const known = new Map(recorded.map((each) => [keyOf(each), each]))

/** Some values of chance; Kafka's classes decide which of them exist there. */
function candidatesOf(message: AnyMessage, version: number): Golden[] {
  const samples = fc.sample(arbitraryValue(message.fields, version), {
    numRuns: candidates,
    seed: version + 1,
  })
  return samples.map((sample) => {
    const bytes = Buffer.concat(message.encode(version, sample as never))
    const value: unknown = JSON.parse(JSON.stringify(message.decode(version, bytes), bytesAsHex))
    return { message: message.name, version, hex: bytes.toString('hex'), value: value as object }
  })
}

function bytesAsHex(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') }
  const buffer = value as { type?: unknown; data?: number[] } | null
  return buffer?.type === 'Buffer' && buffer.data !== undefined
    ? { hex: Buffer.from(buffer.data).toString('hex') }
    : value
}

async function rewritten(asked: readonly Golden[]): Promise<string[]> {
  const input = asked.map(({ message, version, hex }) => `${message} ${version} ${hex}\n`).join('')
  const args = ['-cp', await classPath(), rewriter.pathname]
  const program = 'java'
  const { stdout, stderr, status } = spawnSync(program, args, { input, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout.trimEnd().split('\n')
}

/** What says most in few bytes: golden files are read by people, too. */
const bytesWanted = 120
const distance = ({ hex }: Golden): number => Math.abs(hex.length / 2 - bytesWanted)

const messages = (Object.values(apis) as readonly AnyApi[]).flatMap((api) => {
  return [api.request, api.response].map((message) => ({ message, api }))
})
const missing = messages.flatMap(({ message }) => {
  const { min, max } = message.versions
  return Array.from({ length: max - min + 1 }, (_, i) => min + i)
    .filter((version) => !known.has(`${message.name} ${version}`))
    .flatMap((version) => candidatesOf(message, version))
})
const answers = missing.length === 0 ? [] : await rewritten(missing)
const agreed = Map.groupBy(
  missing.filter(({ hex }, index) => answers[index] === hex),
  keyOf,
)
for (const [key, some] of agreed) {
  const [best] = some.toSorted((a, b) => distance(a) - distance(b))
  if (best !== undefined) known.set(key, best)
}

const lines = messages.flatMap(({ message, api }) => {
  const { min, max } = message.versions
  return Array.from({ length: max - min + 1 }, (_, i) => min + i).map((version) => {
    const each = known.get(`${message.name} ${version}`)
    if (each === undefined) throw new Error(`${message.name} v${version}: Kafka does not agree`)
    const isTelling = version === min || version === max || version === api.flexibleFrom
    const { value, ...rest } = each
    return `  ${JSON.stringify(isTelling ? { ...rest, value } : rest)}`
  })
})
writeFileSync(file, `[\n${lines.join(',\n')}\n]\n`)
