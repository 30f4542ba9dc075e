/** docs/compatibility.md: what each test of librdkafka's suite says of Karst, and of Kafka. */
import type { Reason } from './reasons.ts'
import { reasonOf, reasons } from './reasons.ts'
import type { Result } from './results.ts'
import type { Mode } from './runner.ts'
import { subjectNames } from './subject.ts'
import type { SubjectName } from './subject.ts'
import type { Kind, ListedTest } from './suite.ts'

export const modes: readonly Mode[] = ['classic', 'consumer', 'idempotent']

const subjectText: Record<SubjectName, string> = {
  karst: 'Karst',
  fleet: 'Karst, a fleet',
  kafka: 'Apache Kafka',
}

const modeText: Record<Mode, string> = {
  classic: 'as it comes',
  consumer: '`TEST_CONSUMER_GROUP_PROTOCOL=consumer`: all groups by KIP-848',
  idempotent: '`-P`: all producers idempotent',
}

const intro = `# Compatibility

Made by \`npm run test:librdkafka -- --page\` from the results of its runs. Do not edit.

The judge is the test runner that librdkafka brings, unchanged. It is run against Karst and, by
the same command on the same machine, against Apache Kafka with one node. A fleet is three brokers
of Karst over S3 and PostgreSQL, in one zone (in three for 0101); each process of the suite begins
at the next of them. A test of the suite needs a broker, or brings its own mock of one; only the
first kind says something about a broker, and only they are here. Each runs in a process of its own
with a time limit.

    npm run test:librdkafka                       # all broker tests, classic
    npm run test:librdkafka -- --protocol consumer
    npm run test:librdkafka -- --idempotent
    npm run test:librdkafka -- --target fleet
    npm run test:librdkafka -- --target kafka
    npm run test:librdkafka -- --tests 0103,0105  # some
    npm run test:librdkafka -- --all              # every mode, all targets

\`·\` stands for a test that was not run. Of several runs the last one is shown.

Some tests do not end the same way each time. 0055 asks for latencies that a busy machine does not
keep, on either broker. 0052 writes records of January 1970: where retention looks, every five
minutes, before it has read them, they are gone. 0045_subscribe_many_updates in consumer mode meets
a race in librdkafka in a third of its runs on Karst, which answers sooner than Kafka. 0113 in
consumer mode failed in two of three runs on Kafka.
`

export interface Book {
  readonly tests: readonly ListedTest[]
  readonly results: readonly Result[]
  readonly librdkafka: string
  readonly reasons?: readonly Reason[]
}

export function compatibilityPage(book: Book): string {
  const sections = [
    intro,
    measured(book),
    '## How many pass\n',
    counts(book),
    '## Where Karst does not pass\n',
    misses(book, 'karst'),
    '## Where a fleet does not pass what one broker passes\n',
    missesOfFleet(book),
    '## Where Apache Kafka does not pass\n',
    misses(book, 'kafka'),
    '## All tests\n',
    everything(book),
  ]
  return `${sections.map((section) => section.trimEnd()).join('\n\n')}\n`
}

function measured({ results, librdkafka }: Book): string {
  const lines = subjectNames.map((subject) => {
    const own = results.filter((result) => result.subject === subject)
    const versions = [...new Set(own.map(({ version }) => version))].toSorted()
    const days = own.map(({ date }) => date).toSorted()
    const when = days[0] === days.at(-1) ? days[0] : `${days[0]} to ${days.at(-1)}`
    const name = subjectText[subject]
    return own.length === 0 ? `- ${name}: not run` : `- ${name} ${versions.join(', ')}: ${when}`
  })
  return `Suite of librdkafka ${librdkafka}.\n\n${lines.join('\n')}`
}

function counts(book: Book): string {
  const broker = ofKind(book, 'broker')
  const rows = modes.map((mode) => {
    const cells = subjectNames.map((subject) => {
      const passed = broker.filter(({ name }) => stateOf(book, subject, mode, name) === 'passed')
      const run = broker.filter(({ name }) => stateOf(book, subject, mode, name) !== undefined)
      return run.length === 0 ? 'not run' : `${passed.length} of ${run.length}`
    })
    return `| ${mode} | ${modeText[mode]} | ${cells.join(' | ')} |`
  })
  const throttled = ofKind(book, 'sockem').length
  const kinds = `${broker.length} tests need a broker and no more; ${throttled} more
talk to it through a throttled socket and are not counted here.`
  const head = subjectNames.map((subject) => subjectText[subject]).join(' | ')
  return `${kinds}\n\n| Mode | | ${head} |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}`
}

function misses(book: Book, subject: SubjectName): string {
  const own = book.results.filter((result) => result.subject === subject)
  return missesOf(
    book,
    own.filter(({ state }) => state !== 'passed'),
  )
}

function missesOfFleet(book: Book): string {
  const own = book.results.filter(({ subject }) => subject === 'fleet')
  if (own.length === 0) return 'Not run.'
  const passes = ({ mode, test }: Result) => stateOf(book, 'karst', mode, test) === 'passed'
  return missesOf(
    book,
    own.filter((result) => result.state !== 'passed' && passes(result)),
  )
}

function missesOf(book: Book, missed: readonly Result[]): string {
  if (missed.length === 0) return 'Nowhere.'
  const byTest = Map.groupBy(missed, ({ test }) => test)
  const rows = [...byTest].map(([test, each]) => {
    const what = each.map(({ mode, state }) => `${mode}: ${state}`).join(', ')
    const why = [...new Set(each.map((result) => explain(result, book.reasons ?? reasons)))]
    return `| ${test} | ${what} | ${why.join(' ')} |`
  })
  return `| Test | Result | Why |\n| --- | --- | --- |\n${rows.toSorted().join('\n')}`
}

/** The reviewed reason; else what the suite said, so that nothing is missing in silence. */
function explain(result: Result, table: readonly Reason[]): string {
  const reason = reasonOf(result, table)
  if (reason !== undefined) return reason
  const said = result.detail.replaceAll('|', '\\|').replaceAll('<', '&lt;')
  return `**No reason known.** The suite says: ${said === '' ? 'nothing' : said}`
}

function everything(book: Book): string {
  const wasRun = (subject: SubjectName, mode: Mode) =>
    book.results.some((result) => result.subject === subject && result.mode === mode)
  const columns = subjectNames.flatMap((subject) =>
    modes.filter((mode) => wasRun(subject, mode)).map((mode) => ({ subject, mode })),
  )
  const head = columns.map(({ subject, mode }) => `${subject}, ${mode}`).join(' | ')
  const rows = [...ofKind(book, 'broker'), ...ofKind(book, 'sockem')].map(({ name, kind }) => {
    const cells = columns.map(({ subject, mode }) => stateOf(book, subject, mode, name) ?? '·')
    return `| ${name}${kind === 'sockem' ? ' (throttled socket)' : ''} | ${cells.join(' | ')} |`
  })
  const rule = columns.map(() => '---').join(' | ')
  return `| Test | ${head} |\n| --- | ${rule} |\n${rows.join('\n')}`
}

const ofKind = ({ tests }: Book, kind: Kind): ListedTest[] =>
  tests.filter((test) => test.kind === kind)

function stateOf(book: Book, subject: SubjectName, mode: Mode, test: string): string | undefined {
  return book.results.find(
    (result) => result.subject === subject && result.mode === mode && result.test === test,
  )?.state
}
