/**
 * A value of a document, read by who knows its shape; what does not fit is noted, and reading goes
 * on.
 */
import type { ContractIssue } from './issue.ts'
import { below, type YamlDocument } from './yaml-document.ts'

export type Severity = ContractIssue['severity']

/** Issues that are told at most: who has more has another file in mind. */
const issuesMax = 200

export class Issues {
  readonly all: ContractIssue[] = []
  readonly #document: YamlDocument

  constructor(document: YamlDocument) {
    this.#document = document
  }

  add(severity: Severity, rule: string, path: string, message: string): void {
    if (this.all.length >= issuesMax) return
    this.all.push({ severity, rule, path, line: this.#document.lineOf(path), message })
  }
}

export class DocumentNode {
  readonly value: unknown
  readonly path: string
  readonly #issues: Issues

  constructor(value: unknown, path: string, issues: Issues) {
    this.value = value
    this.path = path
    this.#issues = issues
  }

  get isGiven(): boolean {
    return this.value !== undefined && this.value !== null
  }

  error(rule: string, message: string): void {
    this.#issues.add('error', rule, this.path, message)
  }

  warn(rule: string, message: string): void {
    this.#issues.add('warning', rule, this.path, message)
  }

  field(name: string): DocumentNode {
    const value = isObject(this.value) ? this.value[name] : undefined
    return new DocumentNode(value, below(this.path, name), this.#issues)
  }

  /** Notes names that are none of these. */
  only(names: readonly string[]): void {
    if (!this.isGiven) return
    if (!isObject(this.value)) return this.#wrong('an object')
    for (const name of Object.keys(this.value)) {
      if (names.includes(name)) continue
      const known = `known here: ${names.join(', ')}`
      this.field(name).error('unknown-field', `there is no field ${name}; ${known}`)
    }
  }

  /** Undefined where it is not there, or no text. */
  text(): string | undefined {
    if (!this.isGiven) return undefined
    if (typeof this.value === 'string' && this.value.trim() !== '') return this.value
    this.#wrong('text')
    return undefined
  }

  /** As text; notes where it is not there. */
  needText(why: string): string {
    const text = this.text()
    if (text === undefined && !this.isGiven) this.error('missing', `is missing: ${why}`)
    return text ?? ''
  }

  /** A number, or text, as YAML writers leave quotes away. */
  scalarText(): string | undefined {
    const { value } = this
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : this.text()
  }

  flag(): boolean | undefined {
    if (!this.isGiven) return undefined
    if (typeof this.value === 'boolean') return this.value
    this.#wrong('true or false')
    return undefined
  }

  number(min: number, max: number): number | undefined {
    if (!this.isGiven) return undefined
    const { value } = this
    if (typeof value === 'number' && value >= min && value <= max) return value
    this.error('wrong-value', `must be a number from ${min} to ${max}, not ${shown(value)}`)
    return undefined
  }

  oneOf<Value extends string>(values: readonly Value[]): Value | undefined {
    if (!this.isGiven) return undefined
    const value = values.find((each) => each === this.value)
    if (value === undefined) {
      this.error('wrong-value', `must be one of ${values.join(', ')}, not ${shown(this.value)}`)
    }
    return value
  }

  list(): DocumentNode[] {
    if (!this.isGiven) return []
    if (Array.isArray(this.value)) {
      return this.value.map((_, at) => {
        const value: unknown = (this.value as unknown[])[at]
        return new DocumentNode(value, below(this.path, String(at)), this.#issues)
      })
    }
    this.#wrong('a list')
    return []
  }

  texts(): string[] {
    return this.list().flatMap((each) => each.text() ?? [])
  }

  entries(): [string, DocumentNode][] {
    if (!this.isGiven) return []
    if (isObject(this.value)) return Object.keys(this.value).map((name) => [name, this.field(name)])
    this.#wrong('an object')
    return []
  }

  #wrong(wanted: string): void {
    this.error('wrong-type', `must be ${wanted}, not ${shown(this.value)}`)
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : JSON.stringify(value)
}
