/** The policy of a topic, from the revision of the contract that it names. */
import { Failure } from '../../base/errors.ts'
import type { CatalogDatabase } from '../../catalog/database.ts'
import { contractRevisions } from '../../catalog/schema-contracts.ts'
import type { Policy } from '../check/policy.ts'
import type { RecordPart } from '../check/record.ts'
import type { SchemaText } from '../check/usable-schema.ts'
import { parseContract } from '../file/parse-contract.ts'
import { subjectOf, type WantedEvent, wantedOf } from './wanted.ts'

/**
 * Undefined where the contract asks the broker for nothing.
 *
 * @throws Failure 'unavailable' | 'corrupt': there is no such revision, or it cannot be read.
 */
export async function readPolicy(
  database: CatalogDatabase,
  topic: { readonly name: string; readonly contract: string | null; readonly isCompacted: boolean },
  name: string,
): Promise<Policy | undefined> {
  const binding = topic.contract ?? ''
  const cut = binding.lastIndexOf('@')
  const [contractId, revision] = [binding.slice(0, cut), Number(binding.slice(cut + 1))]
  const row = await database.snapshot('read contract', async (tx) => {
    const [found] = await tx.get(contractRevisions, [[contractId, revision]])
    return found
  })
  if (row === undefined) throw new Failure('corrupt', `there is no contract ${binding}`)
  const { contract } = parseContract(row.text)
  if (contract === undefined)
    throw new Failure('corrupt', `the contract ${binding} is not readable`)
  const { onViolation, encoding, stage, check: depth } = contract.enforcement
  if (onViolation === 'off' || stage !== 'server') return undefined
  const files = JSON.parse(row.files) as Record<string, string>
  const wanted = wantedOf(contract, files).find((each) => each.topic === topic.name)
  const schema = wanted === undefined ? undefined : schemaOf(wanted, 'value')
  if (wanted === undefined || schema === undefined) return undefined
  const keySchema = schemaOf(wanted, 'key')
  const { key } = contract.operations
  const isBare = encoding !== 'registry' && keySchema === undefined
  return {
    ...{ name, contract: `${contractId}@${contract.version}`, onViolation, encoding, depth },
    ...(wanted.quarantine === undefined ? {} : { quarantine: wanted.quarantine.topic }),
    facts: contract.facts,
    rules: contract.rules,
    takesTombstones: topic.isCompacted,
    needsKey: key !== undefined || keySchema !== undefined,
    // What a key with a schema of its own means is that schema's to say.
    keyProperty: isBare ? key : undefined,
    subjects: { value: subjectOf(topic.name, 'value'), key: subjectOf(topic.name, 'key') },
    ...{ schema, keySchema },
  }
}

function schemaOf({ subjects }: WantedEvent, part: RecordPart): SchemaText | undefined {
  const schema = subjects.find((each) => each.part === part)?.schema
  if (schema === undefined) return undefined
  return { type: schema.schemaType, text: schema.text, references: [] }
}
