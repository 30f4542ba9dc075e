/** `karst quarantine drop`. */
import { Failure } from '../base/errors.ts'
import { systemClock } from '../base/system-clock.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, type CommandIo, exitCode, type ExitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import {
  allFlag,
  type Choice,
  choiceOf,
  placeOf,
  quarantineTopicFlag,
  ruleFlag,
} from './quarantine-choice.ts'
import { readQuarantine } from './quarantine-entries.ts'
import { tellBesides } from './quarantine-notes.ts'
import { forget, openQuarantine } from './quarantine-transaction.ts'
import { jsonText } from './table-text.ts'

const flagTable = {
  ...allFlag,
  ...ruleFlag,
  yes: { kind: 'switch', doc: 'Do it; without it only what would be dropped is said' },
  ...quarantineTopicFlag,
  ...jsonFlag,
  ...clientFlags,
} as const

export const quarantineDrop: Command = {
  name: 'drop',
  summary: 'Delete records that were set aside, for good',
  help: formatHelp({
    usage: 'quarantine drop TOPIC PARTITION:OFFSET… | --all | --rule RULE --yes [FLAGS]',
    about:
      'Deletes records from the quarantine, for good. Without --yes it says which they would\n' +
      'be, changes nothing, and ends with exit code 2. Exit code 1 when one is not there.',
    flags: flagTable,
    examples: [
      ['quarantine drop decisions 0:17 --yes', 'one record'],
      ['quarantine drop decisions --rule schema', 'what would be dropped of a rule'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const choice = choiceOf(words, flags)
    return withClient(io, flags.bootstrap, async (client) => {
      if (flags.yes) return dropAll(client, io, choice, flags.json)
      const { topic, quarantineTopic, wants } = choice
      const query = { client, signal: io.signal, topic, quarantineTopic, wants }
      const { entries, ...besides } = await readQuarantine(query)
      const places = entries.map(({ reason }) => placeOf(reason))
      if (flags.json) io.out(jsonText({ topic, quarantineTopic, wouldDrop: places }))
      else io.out(places.map((place) => `would drop ${place}\n`).join(''))
      tellBesides(io, quarantineTopic, besides)
      io.err(`nothing was dropped: ${places.length} would be, with --yes\n`)
      return exitCode.usage
    })
  },
}

async function dropAll(
  client: KafkaClient,
  io: CommandIo,
  choice: Choice,
  isJson: boolean,
): Promise<ExitCode> {
  const { topic, quarantineTopic } = choice
  const { producer, view, missing } = await openQuarantine(client, io.signal, choice)
  const { entries, late, ...besides } = view
  const nowMs = systemClock.nowMs()
  const dropped: string[] = []
  let failure: Failure | undefined
  try {
    await forget(producer, late, nowMs, () => undefined, io.signal)
    const done = (some: typeof entries): void => {
      for (const { reason } of some) dropped.push(placeOf(reason))
    }
    await forget(producer, entries, nowMs, done, io.signal)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    failure = error
  }
  if (isJson) io.out(jsonText({ topic, quarantineTopic, dropped, missing }))
  else io.out(`dropped ${dropped.length} of ${topic} from quarantine\n`)
  tellBesides(io, quarantineTopic, { ...besides, late: [] })
  if (missing.length > 0) io.err(`not in quarantine of ${topic}: ${missing.join(', ')}\n`)
  if (failure !== undefined) throw failure
  return missing.length > 0 ? exitCode.failure : exitCode.ok
}
