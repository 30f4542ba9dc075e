/** What every section of the benchmark gets. */
import type { Figures } from './figures.ts'
import type { KarstOptions } from './karst.ts'
import type { Shares } from './machine.ts'
import type { Programs } from './programs.ts'

/** A broker under test: this checkout, or another one to compare with. */
export interface Subject {
  /** '' where there is only one. */
  readonly label: string
  readonly options: KarstOptions
}

export interface Bench {
  readonly programs: Programs
  readonly figures: Figures
  readonly round: number
  readonly subject: Subject
  /** Of produce and fleet, only measurements whose name holds this. */
  readonly match: string
  /** A line of progress. */
  readonly say: (line: string) => void
}

export interface Section {
  readonly name: string
  /** One round on one subject. */
  readonly run: (bench: Bench) => Promise<void>
}

/** One measurement as a line of progress. */
export function sharesText({ brokerCpu, clientCpu, noise, seconds }: Shares): string {
  const cores = (cpu: number): string => (cpu / seconds).toFixed(2)
  const percent = (noise * 100).toFixed(0)
  return `broker ${cores(brokerCpu)} cores, client ${cores(clientCpu)}, noise ${percent} %`
}
