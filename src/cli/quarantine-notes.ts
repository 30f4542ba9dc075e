/** What a person should know of a quarantine besides its records. */
import type { CommandIo } from './command.ts'
import { entriesMax, type QuarantineView } from './quarantine-entries.ts'

export function tellBesides(
  io: Pick<CommandIo, 'err'>,
  quarantineTopic: string,
  { isCut, late, foreign, undecided }: Omit<QuarantineView, 'entries'>,
): void {
  const tell = (text: string): void => io.err(`${quarantineTopic}: ${text}\n`)
  if (isCut) {
    tell(`there are more than ${entriesMax} records, these are some of them: use --rule`)
  }
  if (late.length > 0) {
    const hint = 'release and drop clear them'
    tell(`${late.length} that are done with were set aside again by late retries; ${hint}`)
  }
  if (foreign > 0) tell(`${foreign} records were not written by brokers, and are left alone`)
  if (undecided > 0) {
    tell(`a release or drop is under way: what stands in the last ${undecided} offsets is open`)
  }
}
