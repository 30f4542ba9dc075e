/**
 * What librdkafka's test runner holds: read from the table in its main file, as it says no other
 * way.
 */

/**
 * broker: needs a broker and nothing else. local: brings its own mock of one. sockem: talks to
 * the broker through a throttled socket. set aside: fails everywhere, or is run by hand.
 */
export type Kind = 'broker' | 'local' | 'sockem' | 'set aside'

export interface ListedTest {
  readonly name: string
  /** What the runner chooses by: the digits that the name begins with. */
  readonly number: string
  readonly kind: Kind
  readonly scenario: Scenario
}

/** Whether the broker creates topics that clients ask for. */
export type Scenario = 'default' | 'noautocreate'

/** Tests that only one process of the runner can take together. */
export interface Unit {
  readonly number: string
  readonly scenario: Scenario
  readonly tests: readonly string[]
}

/** Flagged neither local nor anything else, but they bring a mock all the same. */
const mocks = new Set(['0139_offset_validation_mock', '0150_telemetry_mock'])

export function listTests(source: string): ListedTest[] {
  const table = /struct test tests\[\] = \{([\s\S]*?)\{NULL\}/.exec(source)?.[1]
  if (table === undefined) throw new Error('no table of tests in the main file of the runner')
  const code = table.replaceAll(/\/\*[\s\S]*?\*\//g, '')
  return code
    .split(/\b_TEST\(/)
    .slice(1)
    .map(parseEntry)
}

function parseEntry(text: string): ListedTest {
  const name = /^\w+/.exec(text)?.[0] ?? ''
  const number = /^\d{4}/.exec(name)?.[0]
  if (number === undefined) throw new Error(`a test without a number: ${text.slice(0, 80)}`)
  const scenario = /\.scenario = "noautocreate"/.test(text) ? 'noautocreate' : 'default'
  return { name, number, kind: kindOf(name, text), scenario }
}

function kindOf(name: string, text: string): Kind {
  if (/TEST_F_(LOCAL)\b/.test(text) || mocks.has(name)) return 'local'
  if (/TEST_F_(KNOWN_ISSUE|MANUAL)\b/.test(text)) return 'set aside'
  return /TEST_F_SOCKEM\b/.test(text) ? 'sockem' : 'broker'
}

/** Groups what can only be chosen together. Order of the table is kept. */
export function unitsOf(tests: readonly ListedTest[]): Unit[] {
  const wanted = tests.filter(({ kind }) => kind === 'broker' || kind === 'sockem')
  const units = Map.groupBy(wanted, ({ number, scenario }) => `${number} ${scenario}`)
  return [...units.values()].map(([first, ...rest]) => ({
    number: first!.number,
    scenario: first!.scenario,
    tests: [first!, ...rest].map(({ name }) => name),
  }))
}
