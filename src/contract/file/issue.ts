/** What is wrong with a contract, or worth a thought, and where it stands in the file. */

export interface ContractIssue {
  /** An error keeps the contract from being applied; a warning does not. */
  readonly severity: 'error' | 'warning'
  /** A name for the kind of issue, such as `unknown-field`. */
  readonly rule: string
  /** JSON pointer into the document. */
  readonly path: string
  /** From 1; of the nearest value that is there. */
  readonly line: number
  /** What is wrong, and what to do. */
  readonly message: string
}

/** `orders.odcs.yaml:12: error: /schema/0/name: … (rule)`, as editors and people read it. */
export function issueText(file: string, issue: ContractIssue): string {
  const { severity, rule, path, line, message } = issue
  return `${file}:${line}: ${severity}: ${path === '' ? '/' : path}: ${message} (${rule})`
}
