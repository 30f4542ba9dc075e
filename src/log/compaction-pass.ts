/**
 * Where a pass of compaction runs: a port, because it takes the processor for long, which a thread
 * of its own has and a simulation has not. See CompactPass for what it does.
 */
import {
  type CleanedRun,
  type CleanInput,
  CompactPass,
  type MappedRun,
  type PassInput,
  type PassRules,
} from './compact-pass.ts'

/** Calls come one after another. */
export interface CompactionPass {
  /** @throws Failure 'corrupt'; 'unavailable' | 'closed': the pass is lost. */
  map(input: PassInput): Promise<MappedRun>
  /** @throws Failure 'corrupt'; 'unavailable' | 'closed': the pass is lost. */
  clean(input: CleanInput): Promise<CleanedRun>
  /** Gives its memory back. */
  close(): Promise<void>
}

/** `bytes`: about how much the pass will look at. */
export type OpenPass = (rules: PassRules, bytes: number) => CompactionPass

/** Runs it where it is called. */
export const openInlinePass: OpenPass = (rules) => {
  const pass = new CompactPass(rules)
  return {
    map: async (input) => pass.map(input),
    clean: async (input) => pass.clean(input),
    close: async () => undefined,
  }
}
