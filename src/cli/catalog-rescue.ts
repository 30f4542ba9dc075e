/** `karst catalog rescue`. */
import { assert } from '../base/assert.ts'
import { groupRowOf, rescue } from '../backup/rescue.ts'
import type { RescueReport } from '../backup/rescue-report.ts'
import { rescueReportId } from '../catalog/backup-key.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { formatIsoTime } from '../base/iso-time.ts'
import { systemClock } from '../base/system-clock.ts'
import { objectKey } from '../log/stored-runs.ts'
import { jsonFlag } from './client-flags.ts'
import { type Command, type CommandIo, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { clusterFlags, type OpenedCluster, withCluster } from './open-cluster.ts'
import { Progress } from './progress.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

export const catalogRescue: Command = {
  name: 'rescue',
  summary: 'Find what happened after a backup, and make the catalog fit for brokers',
  help: formatHelp({
    usage: 'catalog rescue [--storage URL --catalog URL | --data DIR] [FLAGS]',
    about: [
      'For a catalog that was restored, or that brokers have found to know less than they saw.',
      'Records that the store still has are named again, with the offsets they had. Then every log',
      'end is raised beyond what can have been given, with the leader epoch and all other numbers,',
      'so that nothing is given twice. What is lost is said, and kept beside the backups.',
    ].join('\n'),
    flags: { ...jsonFlag, ...clusterFlags },
    examples: [['catalog rescue --data /var/lib/karst', 'the catalog of one broker']],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags({ ...jsonFlag, ...clusterFlags }, argv)
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    return withCluster(io, flags, true, async (cluster) => {
      const { database } = cluster
      assert(database !== undefined, 'changes were asked for')
      await rescueIn(io, { ...cluster, database }, flags.json)
      return exitCode.ok
    })
  },
}

/** Rescues and prints what came of it. */
export async function rescueIn(
  io: CommandIo,
  cluster: OpenedCluster & { readonly database: CatalogDatabase },
  isJson: boolean,
): Promise<void> {
  const { groups, databaseMs } = cluster
  const progress = new Progress(systemClock, (text) => io.err(text))
  const report = await rescue({
    ...cluster,
    nowMs: await databaseMs(),
    readGroup: (objectId, position, length) => groups.read(groupRowOf(objectId), position, length),
    progress: (text) => progress.tell(text),
  })
  io.out(isJson ? jsonText(report) : reportText(report, io.terminal))
}

function reportText(report: RescueReport, isTerminal: boolean): string {
  const { partitions, state, topicsMade, topicsLost, undecided, unreadable, transactions } = report
  const rows = partitions.map((each) => [
    `${each.topic}-${each.partition}`,
    each.knownEnd,
    each.recoveredEnd,
    each.holes.map(({ from, to }) => `${from} to ${to - 1}`).join(', ') || null,
    each.logEnd,
  ])
  const columns = ['LOG', 'KNOWN-END', 'RECOVERED-END', 'LOST', 'GOES-ON-AT']
  const lines = [tableText(columns, rows, isTerminal)]
  const since = state.backupMs < 0 ? 'went back' : `backup of ${formatIsoTime(state.backupMs)}`
  const say = (text: string): void => void lines.push(`${text}\n`)
  say(
    `\nThe catalog (${since}) is fit for brokers again, under leader epoch ${report.leaderEpoch}.`,
  )
  for (const { name, partitions: count } of topicsMade) {
    say(`made again: topic ${name}, ${count} partitions; its configs are lost`)
  }
  for (const { topicId, name, reason } of topicsLost) {
    say(`lost: topic ${name ?? topicId}: ${reason}`)
  }
  for (const { objectId, batches, bytes } of undecided) {
    say(`lost: ${batches} batches (${bytes} bytes) in ${objectId}: nothing tells if they counted`)
  }
  for (const { objectId, reason } of unreadable) say(`lost: ${objectId}: ${reason}`)
  say('lost: records beyond RECOVERED-END that were acknowledged, if there were any')
  say(
    'lost: offsets of groups, configs and quotas that were set after the backup: they are as then',
  )
  say(`void: ${transactions} transactional ids begin anew, and what was open is aborted`)
  say(`kept: ${objectKey(report.clusterId, rescueReportId(report.nowMs))} beside the backups`)
  return lines.join('')
}
