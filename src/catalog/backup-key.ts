/** Where backups of the catalog lie among the objects of a cluster. Persisted. */

const prefix = 'catalog-backup/'

/** Of what stands behind the cluster's id in a key. */
export const isCatalogBackup = (objectId: string): boolean => objectId.startsWith(prefix)
