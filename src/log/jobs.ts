/** The background jobs of a broker: what packs, compacts, retains, collects and forgets. */
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import type { Journal } from '../journal/journal.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { BrokerLog } from './broker-log.ts'
import { Collector, type CollectStats } from './collect.ts'
import { type CompactLimits, Compactor, type CompactStats } from './compact.ts'
import type { CompactionPolicy } from './compact-plan.ts'
import type { OpenPass } from './compaction-pass.ts'
import { type DropStats, TopicDropper } from './drop-topic.ts'
import { Expirer, type ExpireStats } from './retain-rows.ts'
import { type Job, JobRunner, type JobStatus } from './job-runner.ts'
import { Merger, type MergeStats } from './merge.ts'
import { Packer, type PackLimits, type PackStats } from './pack.ts'
import { extentSpanMsMax } from './pack-extents.ts'
import type { PackTopic } from './pack-plan.ts'
import { Retainer, type RetainStats, type RetentionPolicy } from './retain.ts'
import type { KnownTopic, TopicDirectory } from './topic-directory.ts'

export interface LogJobsDeps {
  readonly database: CatalogDatabase
  readonly journal: Journal
  readonly objects: ObjectStore
  readonly clusterId: string
  readonly logs: BrokerLog
  readonly topics: TopicDirectory
  readonly openPass: OpenPass
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** See JobRunner. */
  readonly broken: (name: string, error: unknown) => void
  readonly limits: LogJobLimits
  /** What makes jobs those of a cluster. Default: this broker is the only one, with one clock. */
  readonly shared?: SharedJobs
}

export interface SharedJobs {
  /** Whether this broker runs a job of the cluster now. */
  mayRun(job: string): Promise<boolean>
  /** Leaves a job to the others, if this broker had it. */
  leave(job: string): Promise<void>
  /**
   * Milliseconds by which the database's clock is ahead of this machine's. Jobs that delete by time
   * are left to others while it is more than `clockDifferenceMsMax`: where all machines differ it
   * is the database's that is wrong, and nothing is deleted.
   */
  clockDifferenceMs(): number
}

export interface LogJobLimits extends PackLimits {
  /** `log.retention.check.interval.ms`. */
  readonly retentionCheckMs: number
  /** `object.grace.ms`. */
  readonly graceMs: number
  /** `producer.id.expiration.ms`. */
  readonly producerExpirationMs: () => number
  /** Of compaction; they may change at run time. */
  readonly compaction: () => Pick<CompactLimits, 'backoffMs' | 'bytesPerSecond' | 'mapBytes'>
  /** Default: `jobTimes`. A simulation has seconds, not hours, to see them pass. */
  readonly times?: JobTimes | undefined
}

/** Times that no option sets, in milliseconds: they follow from how long a put or commit can take. */
export interface JobTimes {
  /** What became of a group can be asked for so long. */
  readonly outcomesKeptMs: number
  /** A claim of a packed object, or bytes without one: a put takes seconds. */
  readonly orphanMs: number
  /** Beyond the rows of its groups, which would bring it back; beyond any commit that is late. */
  readonly journalRowsMs: number
  readonly sweepMs: number
  readonly dropTopicsMs: number
  /** From one look at a partition for small extents to the next. */
  readonly mergeLookMs: number
  /** So long they wait for more of them. */
  readonly mergeAgeMs: number
  readonly expireGroupsMs: number
}

export interface LogJobs {
  readonly runner: JobRunner
  readonly packer: Packer
  readonly compactor: Compactor
  readonly retainer: Retainer
  readonly stats: () => LogJobStats
  /** Asks all jobs to end: none begins any more. */
  end(): void
  /** The same; resolves when none runs any more. */
  close(): Promise<void>
}

export interface LogJobStats {
  readonly pack: Readonly<PackStats>
  readonly merge: Readonly<MergeStats>
  readonly compact: Readonly<CompactStats>
  readonly retain: Readonly<RetainStats>
  readonly collect: Readonly<CollectStats>
  readonly drop: Readonly<DropStats>
  readonly expire: Readonly<ExpireStats>
  readonly jobs: readonly JobStatus[]
}

/** Names of the jobs, for `runner.runNow`. */
export const jobNames = {
  pack: 'pack',
  merge: 'merge',
  compact: 'compact',
  retain: 'retain',
  collect: 'collect',
  sweep: 'sweep',
  dropTopics: 'drop-topics',
  expireProducers: 'expire-producers',
  expireGroups: 'expire-groups',
  expireChanges: 'expire-changes',
  forgetEnded: 'forget-ended',
} as const

const second = 1_000
const minute = 60 * second

/** A difference of clocks beyond this deletes nothing until somebody has looked. */
const clockDifferenceMsMax = 5 * minute
const jobTimes: JobTimes = {
  outcomesKeptMs: 10 * minute,
  orphanMs: 15 * minute,
  journalRowsMs: 20 * minute,
  sweepMs: 60 * minute,
  dropTopicsMs: 10 * second,
  mergeLookMs: 5 * minute,
  mergeAgeMs: 60 * minute,
  expireGroupsMs: minute,
}

const packLookMsMax = second
const mergeLookMsMax = 10 * second
const compactLookMsMax = second
const compactLookMsMin = 100
const collectMsMax = 30 * second
const firstRetainMs = 30 * second
const expireProducersMs = 10 * minute

/** Builds the jobs and starts them. */
export function startLogJobs(deps: LogJobsDeps): LogJobs {
  const { database, logs, topics, clock, log, random, limits } = deps
  const { index, extentIndex, tailCache } = logs
  const packer = new Packer({
    ...deps,
    index,
    extentIndex,
    settled: () => logs.settled(),
    topicOf: (topicId) => packTopic(topics.byId(topicId)),
  })
  const { times = jobTimes } = limits
  const merger = new Merger({
    ...deps,
    index,
    extentIndex,
    topicOf: (topicId) => mergeTopic(topics.byId(topicId)),
    limits: {
      objectBytes: limits.objectBytes,
      lookMs: times.mergeLookMs,
      ageMs: times.mergeAgeMs,
    },
  })
  const compactor = new Compactor({
    ...deps,
    extentIndex,
    tailCache,
    policies: () => topics.all().flatMap(compactionOf),
    limits: () => {
      const { objectBytes, graceMs } = limits
      return { ...limits.compaction(), objectBytes, graceMs }
    },
  })
  const policies = (): RetentionPolicy[] => topics.all().map(retentionOf)
  const retainer = new Retainer({ database, index, extentIndex, clock, policies })
  const { graceMs, producerExpirationMs } = limits
  const { orphanMs, journalRowsMs } = times
  const collector = new Collector({ ...deps, limits: { graceMs, orphanMs, journalRowsMs } })
  const dropper = new TopicDropper({ database, extentIndex, tailCache, clock })
  const expirer = new Expirer({
    database,
    clock,
    limits: { producersMs: producerExpirationMs, groupsMs: times.outcomesKeptMs },
  })
  const runner = new JobRunner({ clock, random, log, broken: deps.broken })
  const parts = { packer, merger, compactor, retainer, collector, dropper, expirer }
  const { shared } = deps
  for (const job of jobsOf(parts, limits)) {
    runner.start(shared === undefined ? job : sharedJob(job, shared, log))
  }
  if (shared !== undefined) runner.start(forgetting(packer, limits))
  const stats = (): LogJobStats => ({
    pack: packer.stats,
    merge: merger.stats,
    compact: compactor.stats,
    retain: retainer.stats,
    collect: collector.stats,
    drop: dropper.stats,
    expire: expirer.stats,
    jobs: runner.status(),
  })
  return {
    runner,
    packer,
    compactor,
    retainer,
    stats,
    end: () => runner.end(),
    close: () => runner.close(),
  }
}

interface Parts {
  readonly packer: Packer
  readonly merger: Merger
  readonly compactor: Compactor
  readonly retainer: Retainer
  readonly collector: Collector
  readonly dropper: TopicDropper
  readonly expirer: Expirer
}

/** `deletes`: by time, so that a wrong clock would lose something. */
type LogJob = Job & { readonly deletes?: true }

function jobsOf(parts: Parts, limits: LogJobLimits): LogJob[] {
  const { packer, merger, compactor, retainer, collector, dropper, expirer } = parts
  const { windowMs, retentionCheckMs, graceMs, times = jobTimes } = limits
  const { sweepMs, dropTopicsMs, expireGroupsMs, outcomesKeptMs } = times
  const { backoffMs } = limits.compaction()
  return [
    {
      name: jobNames.pack,
      intervalMs: Math.min(windowMs, packLookMsMax),
      run: (signal) => packer.packIfDue(signal),
    },
    {
      name: jobNames.merge,
      intervalMs: Math.min(times.mergeLookMs, mergeLookMsMax),
      run: (signal) => merger.mergeDue(signal),
    },
    {
      name: jobNames.compact,
      intervalMs: Math.max(compactLookMsMin, Math.min(backoffMs, compactLookMsMax)),
      deletes: true,
      run: (signal) => compactor.compactIfDue(signal),
    },
    {
      name: jobNames.retain,
      intervalMs: retentionCheckMs,
      firstAfterMs: Math.min(retentionCheckMs, firstRetainMs),
      deletes: true,
      run: (signal) => retainer.retainAll(signal),
    },
    {
      name: jobNames.collect,
      intervalMs: Math.min(graceMs, collectMsMax),
      deletes: true,
      run: (signal) => collector.collect(signal),
    },
    {
      name: jobNames.sweep,
      intervalMs: sweepMs,
      deletes: true,
      run: (signal) => collector.sweep(signal),
    },
    {
      name: jobNames.dropTopics,
      intervalMs: dropTopicsMs,
      run: (signal) => dropper.dropAll(signal),
    },
    {
      name: jobNames.expireProducers,
      intervalMs: expireProducersMs,
      deletes: true,
      run: (signal) => expirer.expireProducers(signal),
    },
    {
      name: jobNames.expireGroups,
      intervalMs: expireGroupsMs,
      deletes: true,
      run: (signal) => expirer.expireGroups(signal),
    },
    {
      name: jobNames.expireChanges,
      intervalMs: outcomesKeptMs,
      run: (signal) => expirer.expireChanges(signal),
    },
  ]
}

/** A job of the cluster is run by one broker at a time, mostly: see job-leases.ts. */
function sharedJob(job: LogJob, shared: SharedJobs, log: Log): Job {
  let isTold = false
  const isLeft = async (): Promise<boolean> => {
    const differenceMs = shared.clockDifferenceMs()
    const differs = job.deletes === true && Math.abs(differenceMs) > clockDifferenceMsMax
    if (differs && !isTold) {
      const text = 'the clocks of machine and database differ: this broker deletes nothing'
      log.error({ job: job.name, differenceMs }, text)
    }
    isTold = differs
    if (differs) await shared.leave(job.name)
    return differs
  }
  const run = async (signal: AbortSignal): Promise<void> => {
    if (!(await isLeft()) && (await shared.mayRun(job.name))) await job.run(signal)
  }
  return { ...job, run }
}

/** What every broker of a fleet does for itself, beside the one that packs. */
function forgetting(packer: Packer, { windowMs, inlineMs = windowMs }: LogJobLimits): Job {
  const run = (signal: AbortSignal): Promise<void> => packer.forgetEnded(signal)
  const intervalMs = Math.max(Math.min(windowMs, inlineMs), second)
  return { name: jobNames.forgetEnded, intervalMs, run }
}

function packTopic(topic: KnownTopic | undefined): PackTopic | undefined {
  if (topic === undefined) return undefined
  const { name, effective } = topic
  const deletes = effective['cleanup.policy'].includes('delete')
  const retentionMs = deletes ? effective['retention.ms'] : -1
  return { name, retentionMs, segmentMs: effective['segment.ms'] }
}

/** Compaction rewrites what it keeps, and knows better. */
function mergeTopic(topic: KnownTopic | undefined): PackTopic | undefined {
  const isCompacted = topic?.effective['cleanup.policy'].includes('compact') ?? false
  return isCompacted ? undefined : packTopic(topic)
}

function retentionOf({ partitionIds, effective }: KnownTopic): RetentionPolicy {
  if (!effective['cleanup.policy'].includes('delete')) {
    return { partitionIds, retentionMs: -1, retentionBytes: -1 }
  }
  const { 'retention.ms': retentionMs, 'retention.bytes': retentionBytes } = effective
  return { partitionIds, retentionMs, retentionBytes }
}

/** None where a topic is not compacted. */
export function compactionOf({ name, partitionIds, effective }: KnownTopic): CompactionPolicy[] {
  const policy = effective['cleanup.policy']
  if (!policy.includes('compact')) return []
  const retentionMs = policy.includes('delete') ? effective['retention.ms'] : -1
  return [
    {
      topicName: name,
      partitionIds,
      minLagMs: effective['min.compaction.lag.ms'],
      maxLagMs: effective['max.compaction.lag.ms'],
      dirtyRatioMin: effective['min.cleanable.dirty.ratio'],
      deleteRetentionMs: effective['delete.retention.ms'],
      spanMsMax: extentSpanMsMax({ retentionMs, segmentMs: effective['segment.ms'] }),
    },
  ]
}
