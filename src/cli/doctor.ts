/** `karst doctor`: holds the catalog and the store of a cluster against each other. */
import { isFailure } from '../base/errors.ts'
import { systemClock } from '../base/system-clock.ts'
import type { FindingKind } from '../doctor/finding.ts'
import { type Diagnosis, lookOver } from '../doctor/look.ts'
import { repair, type Repaired } from '../doctor/repair.ts'
import { jsonFlag } from './client-flags.ts'
import { type Command, type CommandIo, type ExitCode, exitCode } from './command.ts'
import { diagnosisText, findingJson } from './doctor-text.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { integerOf } from './key-values.ts'
import { clusterFlags, type OpenedCluster, withCluster } from './open-cluster.ts'
import { Progress } from './progress.ts'
import { jsonText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

/** As brokers have it: a put takes seconds, a commit that is late minutes. */
const orphanMs = 15 * 60_000
/** What is deleted by age needs clocks that agree, as the jobs of brokers do. */
const clockDifferenceMsMax = 5 * 60_000

const own = {
  deep: { kind: 'switch', doc: 'Read every byte that is named, and prove its checksums' },
  repair: { kind: 'switch', doc: 'Do what can do no harm: see above' },
  'orphans-after-ms': {
    kind: 'value',
    shape: 'N',
    doc: `Bytes that nothing names are orphans from this age on, in milliseconds (${orphanMs})`,
  },
  ...jsonFlag,
} as const

export const doctor: Command = {
  name: 'doctor',
  summary: 'Compare the catalog of a cluster with what is stored, and prove it',
  help: formatHelp({
    usage: 'doctor [--storage URL --catalog URL | --data DIR] [FLAGS]',
    about: [
      'Looks for objects that are named and missing, or of another size; for objects that nothing',
      'names; and for offsets that no object is named for. Changes nothing, and brokers may run.',
      'Every finding says what it means and what to do.',
      '',
      '--repair deletes orphans, once their ids are claimed so that nothing can name them any',
      'more, and hands objects that no records are named in to the collector. What is named is',
      'never touched. On a data folder the broker must be stopped for it.',
      '',
      'Exit codes: 0 nothing was found, or all of it was repaired; 1 something was found; 2 it',
      'could not look.',
    ].join('\n'),
    flags: { ...own, ...clusterFlags },
    examples: [
      ['doctor --data /var/lib/karst', 'the folder of one broker, which may run'],
      [
        'doctor --storage s3://lake/karst --catalog postgres://karst@db/karst --deep',
        'a fleet, every byte of it',
      ],
      ['doctor --repair --json', 'what was found and done, for a program'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags({ ...own, ...clusterFlags }, argv)
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    const afterMs = flags['orphans-after-ms']
    const ageMs = afterMs === undefined ? orphanMs : integerOf('--orphans-after-ms', afterMs, 0)
    const wanted = { isDeep: flags.deep, isRepair: flags.repair, isJson: flags.json, ageMs }
    try {
      return await withCluster(io, flags, flags.repair, (cluster) => examine(io, cluster, wanted))
    } catch (error) {
      if (!isFailure(error)) throw error
      io.err(`karst doctor: could not look: ${error.message}\n`)
      return exitCode.usage
    }
  },
}

interface Wanted {
  readonly isDeep: boolean
  readonly isRepair: boolean
  readonly isJson: boolean
  readonly ageMs: number
}

async function examine(
  io: CommandIo,
  cluster: OpenedCluster,
  { isDeep, isRepair, isJson, ageMs }: Wanted,
): Promise<ExitCode> {
  const progress = new Progress(systemClock, (text) => io.err(text))
  const diagnosis = await lookOver(cluster, {
    isDeep,
    orphanMs: ageMs,
    signal: io.signal,
    progress: (text) => progress.tell(text),
  })
  const repaired = isRepair ? await repairIn(io, cluster, diagnosis) : undefined
  const told = { place: cluster.place, ...diagnosis }
  if (isJson) io.out(jsonText({ ...told, findings: told.findings.map(findingJson), repaired }))
  else io.out(diagnosisText(cluster.place, diagnosis, repaired))
  if (!diagnosis.isWhole) return exitCode.usage
  const left = diagnosis.findings.filter(({ isRepaired }) => !isRepaired)
  return left.length + diagnosis.unlisted.length > 0 ? exitCode.failure : exitCode.ok
}

const repairable: ReadonlySet<FindingKind> = new Set(['orphan', 'unnamed'])

async function repairIn(
  io: CommandIo,
  { database, objects, clusterId, databaseMs }: OpenedCluster,
  diagnosis: Diagnosis,
): Promise<Repaired | undefined> {
  if (database === undefined || !diagnosis.isWhole) return undefined
  if (!diagnosis.findings.some(({ kind }) => repairable.has(kind)))
    return { orphans: 0, unnamed: 0 }
  const nowMs = await databaseMs()
  const differenceMs = nowMs - systemClock.nowMs()
  if (Math.abs(differenceMs) > clockDifferenceMsMax) {
    io.err(
      `karst doctor: nothing is repaired: the database’s clock differs by ${differenceMs} ms\n`,
    )
    return undefined
  }
  try {
    return await repair({ database, objects, clusterId, nowMs }, diagnosis)
  } catch (error) {
    if (!isFailure(error)) throw error
    io.err(`karst doctor: ${error.message}\n`)
    return undefined
  }
}
