/**
 * Where backups of the catalog lie: among the objects of their cluster, which no job touches.
 * Persisted.
 */

const prefix = 'catalog-backup/'

/** Of what stands behind the cluster's id in a key. */
export const isCatalogBackup = (objectId: string): boolean => objectId.startsWith(prefix)

/** Manifests have a place of their own, so that a list of it is a list of backups. */
export const backupManifests: string = `${prefix}manifests/`

export const backupManifestId = (backupId: string): string => `${backupManifests}${backupId}.json`

/** Parts of a backup; with a number all of one. */
export const backupPartId = (backupId: string, part: number): string =>
  `${backupParts(backupId)}${String(part).padStart(6, '0')}.zst`

export const backupParts = (backupId: string): string => `${prefix}parts/${backupId}/`

/** What a rescue did and could not do. */
export const rescueReportId = (atMs: number): string => `${prefix}rescues/${atMs}.json`
