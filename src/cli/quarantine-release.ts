/** `karst quarantine release`. */
import { Failure } from '../base/errors.ts'
import { systemClock } from '../base/system-clock.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { Progress } from './progress.ts'
import { allFlag, choiceOf, placeOf, quarantineTopicFlag, ruleFlag } from './quarantine-choice.ts'
import { tellBesides } from './quarantine-notes.ts'
import { forget, openQuarantine } from './quarantine-transaction.ts'
import { Releaser } from './release-records.ts'
import { jsonText } from './table-text.ts'

const flagTable = {
  ...allFlag,
  ...ruleFlag,
  ...quarantineTopicFlag,
  ...jsonFlag,
  ...clientFlags,
} as const

/** Refusals told one by one; the rest are counted, and --json has all of them. */
const refusalsShown = 20

export const quarantineRelease: Command = {
  name: 'release',
  summary: 'Write records that were set aside back to their topic, each once',
  help: formatHelp({
    usage: 'quarantine release TOPIC PARTITION:OFFSET… | --all | --rule RULE [FLAGS]',
    about:
      'Writes records to TOPIC as they were sent, at the end of their partitions, in the order\n' +
      'of their places, and takes them out of the quarantine: some at a time, in a transaction.\n' +
      'Brokers hold them to the contract that is in force now: what still breaks it stays in\n' +
      'quarantine and is named, with exit code 1. A release that was broken off is to be run\n' +
      'again: nothing is written twice. Of two at once, the first is shut out and stops.',
    flags: flagTable,
    examples: [
      ['quarantine release decisions --all', 'after the contract was changed'],
      ['quarantine release decisions --rule schema --json', 'of one rule'],
      ['quarantine release decisions 0:17 1:4', 'two records'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const choice = choiceOf(words, flags)
    const { topic, quarantineTopic } = choice
    return withClient(io, flags.bootstrap, async (client) => {
      await client.topic(topic)
      const { producer, view, missing } = await openQuarantine(client, io.signal, choice)
      const { entries, late, ...besides } = view
      const released: string[] = []
      const refused: { readonly place: string; readonly why: string }[] = []
      const progress = new Progress(systemClock, (text) => io.err(text))
      const told = {
        released: (some: typeof entries): void => {
          for (const { reason } of some) released.push(placeOf(reason))
          progress.tell(() => `${released.length} of ${entries.length} released`)
        },
        refused: ({ reason }: (typeof entries)[number], why: string): void => {
          refused.push({ place: placeOf(reason), why })
        },
      }
      let failure: Failure | undefined
      try {
        await forget(producer, late, systemClock.nowMs(), () => undefined, io.signal)
        await new Releaser(client, producer, topic, told, io.signal).release(entries)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        failure = error
      }
      if (flags.json) io.out(jsonText({ topic, quarantineTopic, released, refused, missing }))
      else io.out(`released ${released.length} to ${topic}\n`)
      for (const { place, why } of refused.slice(0, refusalsShown)) io.err(`${place}: ${why}\n`)
      const more = refused.length - refusalsShown
      if (more > 0) io.err(`and ${more} more\n`)
      if (missing.length > 0) io.err(`not in quarantine of ${topic}: ${missing.join(', ')}\n`)
      tellBesides(io, quarantineTopic, { ...besides, late: [] })
      if (failure !== undefined) throw failureOf(failure)
      return refused.length + missing.length > 0 ? exitCode.failure : exitCode.ok
    })
  },
}

function failureOf(failure: Failure): Failure {
  const hint = 'run it again: what was released is gone from the quarantine'
  return new Failure(failure.kind, `stopped: ${failure.message}; ${hint}`, failure)
}
