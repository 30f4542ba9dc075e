/** What may stand behind the `?` of a path, and what it means: docs/reference/registry-api.md. */

export const queryParameters = {
  algorithm: '`AES128_GCM`, `AES256_GCM` (default) or `AES256_SIV`',
  aliases: 'also subjects whose alias begins with the prefix; each with its aliases',
  associationType: '`key` or `value`; may be repeated',
  bootstrap: '`HOST:PORT` that the document names; this broker’s address if it is not said',
  cascadeLifecycle: 'also frozen associations, and the subjects that they own',
  context: 'of subjects in the body that name none',
  contextPrefix: 'how the name begins',
  defaultToGlobal: 'where nothing is set: what counts there',
  contract: 'only of this contract',
  deleted: 'also what was deleted softly',
  deletedAsNegative: 'a deleted version is told as a negative number',
  deletedOnly: 'only what was deleted softly',
  dryRun: 'nothing is written: only what would be refused is told',
  fetchMaxId: 'with the highest id of the context, as `maxId`',
  findTags:
    'tags whose records and fields are listed as `schemaTags`; `*` for all; may be repeated',
  force: 'register: whatever the level says; mode: also where there are schemas',
  format:
    'notation of the schema: `resolved` for Avro; `serialized`, `ignore_extensions` for Protobuf',
  includeSchemas: 'with the latest schema of each subject',
  key: 'name of a metadata property; may be repeated, as often as `value`',
  latestOnly: 'one version of each subject',
  lifecycle: '`STRONG` or `WEAK`; of schemas also `NONE`, and may be repeated',
  limit: 'at most so many',
  normalize: 'texts that mean the same are one schema',
  offset: 'so many are left out first',
  permanent: 'for good, after it was deleted softly',
  recursive: 'also the modes of all subjects of the context',
  referenceFormat: '`QUALIFIED`: references name the context of their subjects',
  resourceType: '`topic`, the only one',
  revision: 'of the contract; the latest if it is not said',
  rewrap: 'the key takes the place of the one that is there',
  ruleType: 'type of a rule, such as `ENCRYPT`',
  subject: 'where the id is used; names its context',
  subjectPrefix: 'how the name begins; `:*:` for all contexts',
  topic: 'only the contract that this topic is under',
  value: 'what the property must be',
  verbose: 'with what breaks, as `messages`',
} as const

export type QueryName = keyof typeof queryParameters
