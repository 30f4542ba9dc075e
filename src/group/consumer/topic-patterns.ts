/**
 * Regular expressions over topic names, in RE2's syntax and time (KIP-848): each is read once, and
 * its topics are found anew when topics have changed, in slices, before a decision asks for them.
 */
import { RE2JS } from 're2js'
import type { Clock } from '../../base/clock.ts'
import { sleep } from '../../base/clock.ts'
import { groupLimits } from '../config.ts'
import { refused } from '../refusal.ts'
import type { Refused } from '../refusal.ts'
import type { PatternView, TopicView } from './topic-view.ts'

interface Pattern {
  readonly regex: RE2JS
  /** The version of the topics that `names` was found in; -1 before the first. */
  version: number
  serial: number
  names: readonly string[]
  /** Under way. */
  search: Promise<void> | undefined
}

/** Names that are tried between two looks at the rest of the broker: about 5 ms. */
const namesPerSlice = 1_000

export class TopicPatterns implements PatternView {
  readonly #topics: TopicView
  readonly #clock: Clock
  /** Those asked for last stand last. */
  readonly #patterns = new Map<string, Pattern>()
  #serial = 0

  constructor(topics: TopicView, clock: Clock) {
    this.#topics = topics
    this.#clock = clock
  }

  matching(text: string): readonly string[] {
    return this.#patterns.get(text)?.names ?? []
  }

  serial(text: string): number {
    return this.#patterns.get(text)?.serial ?? 0
  }

  /** undefined where `matching` answers for the topics as they are; else why it cannot. */
  async prepare(text: string): Promise<Refused | undefined> {
    const pattern = this.#find(text)
    if ('outcome' in pattern) return pattern
    if (pattern.version === this.#topics.version) return undefined
    pattern.search ??= this.#search(pattern).finally(() => {
      pattern.search = undefined
    })
    await pattern.search
    return undefined
  }

  #find(text: string): Pattern | Refused {
    const known = this.#patterns.get(text)
    if (known !== undefined) {
      this.#patterns.delete(text)
      this.#patterns.set(text, known)
      return known
    }
    const regex = compile(text)
    if ('outcome' in regex) return regex
    const pattern: Pattern = { regex, version: -1, serial: 0, names: [], search: undefined }
    this.#patterns.set(text, pattern)
    if (this.#patterns.size > groupLimits.patternsMax) {
      const [oldest] = this.#patterns.keys()
      if (oldest !== undefined) this.#patterns.delete(oldest)
    }
    return pattern
  }

  async #search(pattern: Pattern): Promise<void> {
    // Topics that change meanwhile are found by the next search: the version is the older one.
    const { version } = this.#topics
    const names = [...this.#topics.names()]
    const found: string[] = []
    for (const [at, name] of names.entries()) {
      if (at > 0 && at % namesPerSlice === 0) await sleep(this.#clock, 0)
      if (pattern.regex.matches(name)) found.push(name)
    }
    pattern.version = version
    const isSame =
      pattern.serial > 0 &&
      found.length === pattern.names.length &&
      found.every((name, at) => name === pattern.names[at])
    if (isSame) return
    pattern.names = found
    pattern.serial = ++this.#serial
  }
}

function compile(text: string): RE2JS | Refused {
  const what = 'SubscribedTopicRegex'
  if (text.length > groupLimits.patternLengthMax) {
    const detail = `${what} has ${text.length} characters, at most ${groupLimits.patternLengthMax}`
    return refused('invalid-pattern', detail)
  }
  try {
    return RE2JS.compile(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return refused(
      'invalid-pattern',
      `${what} \`${text}\` is not a valid regular expression: ${why}.`,
    )
  }
}
