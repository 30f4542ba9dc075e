/** Reads what a process of the test runner has left: its JSON report, and its log for reasons. */
import { stripVTControlCharacters } from 'node:util'

export type State = 'passed' | 'failed' | 'skipped' | 'hung' | 'crashed'

export interface Verdict {
  readonly test: string
  readonly state: State
  /** What the runner said of a failure or of skipping. */
  readonly detail: string
  readonly seconds: number
}

export interface Remains {
  /** Empty when the process ended before it could write one. */
  readonly report: string
  readonly log: string
  readonly timedOut: boolean
}

interface ReportedTest {
  readonly state: string
  readonly duration: number
}

const detailCharacters = 300
const messagesMax = 3 // of one test; a run of failures says the same again and again

export function verdictsOf(tests: readonly string[], remains: Remains): Verdict[] {
  const reported = parseReport(remains.report)
  const log = stripVTControlCharacters(remains.log)
  return tests.map((test) => {
    const entry = reported[test]
    const state = stateOf(entry?.state, remains.timedOut)
    const detail = detailOf(test, state, log)
    return { test, state, detail, seconds: entry?.duration ?? 0 }
  })
}

function parseReport(text: string): Record<string, ReportedTest> {
  try {
    const report = JSON.parse(text) as { tests: Record<string, ReportedTest> }
    return report.tests
  } catch {
    return {} // killed before it wrote it, or in the middle
  }
}

function stateOf(state: string | undefined, timedOut: boolean): State {
  if (state === 'PASSED') return 'passed'
  if (state === 'SKIPPED') return 'skipped'
  if (state === 'FAILED') return 'failed'
  return timedOut ? 'hung' : 'crashed'
}

function detailOf(test: string, state: State, log: string): string {
  if (state === 'passed') return ''
  if (state === 'skipped') return shorten([skipReason(test, log)])
  const messages = failures(test, log)
  if (messages.length > 0) return shorten([...new Set(messages)].slice(0, messagesMax))
  const last = log.trim().split('\n').at(-1) ?? ''
  return shorten([last.replace(/^\[[^\]]*\]\s*/, '')])
}

function skipReason(test: string, log: string): string {
  const line = log
    .split('\n')
    .find((each) => each.startsWith(`[${test} `) && each.includes('SKIPPING TEST:'))
  const reason = line?.slice(line.indexOf('SKIPPING TEST:') + 'SKIPPING TEST:'.length) ?? ''
  return reason.replace(/\[\d{4}_.*/, '') // a message without an end of line: the next follows
}

/** A failure is a line `### Test "NAME (SUBTEST)" failed at …`, its message in the next one. */
function failures(test: string, log: string): string[] {
  const lines = log.split('\n')
  return lines.flatMap((line, at) => {
    const match = /^### Test "(\w+)(?: \(([\w:. ]+?)(?::\s.*)?\))?.*" failed at/.exec(line)
    if (match?.[1] !== test) return []
    const subtest = match[2] === undefined ? '' : `${match[2].replace(/:\d+$/, '')}: `
    return [withoutNames(subtest + (lines[at + 1] ?? ''))]
  })
}

/** Without the names of topics and of folders: they differ in every run. */
function withoutNames(message: string): string {
  const named = message.replaceAll(/rdkafkatest_rnd[0-9a-f]+_?/g, '')
  return named.replaceAll(/\/\S*\/build\/librdkafka\//g, '').replaceAll(/\s+/g, ' ')
}

function shorten(messages: readonly string[]): string {
  const text = messages.join('; ').trim()
  return text.length > detailCharacters ? `${text.slice(0, detailCharacters)}…` : text
}
