/**
 * Names of the objects that hold one group each: its bytes in the object store, or in the catalog
 * itself. They follow from the group's id, so that whoever finds one knows whose it is. Persisted.
 */
/** The key of a group's row. */
export interface GroupKey {
  readonly incarnation: number
  readonly groupNumber: number
}

/** The object of a group whose bytes are in the object store. */
export const groupObjectId = ({ incarnation, groupNumber }: GroupKey): string =>
  `journal-${incarnation}-${groupNumber}`

/** The object of a group whose bytes are in the catalog, see InlineDataRow. */
export const inlineObjectId = ({ incarnation, groupNumber }: GroupKey): string =>
  `inline-${incarnation}-${groupNumber}`

/** The group in the id of such an object; undefined where it is no such id. */
export const groupOfObject = (objectId: string): GroupKey | undefined =>
  groupIn(/^journal-(\d{1,16})-(\d{1,16})$/, objectId)

/** As `groupOfObject`, for bytes in the catalog. */
export const groupOfInline = (objectId: string): GroupKey | undefined =>
  groupIn(/^inline-(\d{1,16})-(\d{1,16})$/, objectId)

export const isInline = (objectId: string): boolean => objectId.startsWith('inline-')

function groupIn(pattern: RegExp, objectId: string): GroupKey | undefined {
  const [, incarnation, groupNumber] = pattern.exec(objectId) ?? []
  if (incarnation === undefined || groupNumber === undefined) return undefined
  return { incarnation: Number(incarnation), groupNumber: Number(groupNumber) }
}
