/** Backs the catalog up when the newest backup is old enough, whoever made that. */
import { formatIsoTime } from '../base/iso-time.ts'
import type { Log } from '../base/log.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import type { Job } from '../log/job-runner.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import { backupIdOf } from './backup-manifest.ts'
import { backUp, dropOldBackups, newestBackup } from './catalog-backup.ts'

export interface BackupJobDeps {
  readonly database: CatalogDatabase
  readonly objects: ObjectStore
  readonly clusterId: string
  readonly databaseMs: () => Promise<number>
  readonly log: Log
  /** `catalog.backup.interval.ms`, above 0. */
  readonly intervalMs: number
  /** `catalog.backups.kept`. */
  readonly kept: number
}

/** Looks a dozen times an interval, so that a broker that was just started is late by little. */
const looksPerInterval = 12
const lookMsMin = 1_000

export function backupJob(deps: BackupJobDeps): Job {
  const { database, objects, clusterId, databaseMs, log, intervalMs, kept } = deps
  const place = { objects, clusterId }
  return {
    name: 'backup',
    intervalMs: Math.max(lookMsMin, Math.floor(intervalMs / looksPerInterval)),
    run: async () => {
      const nowMs = await databaseMs()
      const newest = await newestBackup(place)
      // Ids are times, in their order.
      if (newest !== undefined && newest > backupIdOf(formatIsoTime(nowMs - intervalMs))) return
      const { backupId, parts } = await backUp(database, place, nowMs)
      const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
      log.info({ backupId, bytes, parts: parts.length }, 'the catalog is backed up')
      await dropOldBackups(place, kept)
    },
  }
}
