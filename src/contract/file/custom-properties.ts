/** What ODCS has no word for: `customProperties: [{property: ai.enforce, value: …}]`. */
import { knownFields } from './known-fields.ts'
import type { DocumentNode } from './node.ts'

/** Below a document, or one of its parts; `known` are the names that Karst reads there. */
export function customProperties(
  owner: DocumentNode,
  known: readonly string[],
): ReadonlyMap<string, DocumentNode> {
  const found = new Map<string, DocumentNode>()
  for (const entry of owner.field('customProperties').list()) {
    entry.only(knownFields.customProperty)
    const name = entry.field('property').needText('the name of the property')
    if (found.has(name)) entry.error('duplicate', `${name} is given twice`)
    // Others have names of their own; what begins with ours is meant for us.
    if (name.startsWith('ai.') && !known.includes(name)) {
      entry.error('unknown-property', `there is no ${name} here; known here: ${known.join(', ')}`)
    }
    found.set(name, entry.field('value'))
  }
  return found
}
