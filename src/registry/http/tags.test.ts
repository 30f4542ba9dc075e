/** Tags, given with a schema or to a version that is there, and what else a new version inherits. */
import assert from 'node:assert/strict'
import { registryTest } from '../../../test/support/registry-asking.ts'

const field = { name: 'mail', type: 'string' }
const user = { type: 'record', name: 'User', namespace: 'shop', fields: [field] }
const schema = JSON.stringify(user)
const onField = { entityPath: 'shop.User.mail', entityType: 'sr_field' }
const onRecord = { entityPath: 'User', entityType: 'sr_record' }
const path = '/subjects/users/versions'

interface Version {
  readonly version: number
  readonly schema: string
  readonly metadata?: { readonly properties?: Record<string, string>; readonly tags?: object }
  readonly ruleSet?: { readonly domainRules?: readonly { readonly name: string }[] }
  readonly schemaTags?: readonly object[]
}

registryTest(
  'tags come and go in the text, each time as a new version',
  async ({ ok, refused }) => {
    await ok('POST', path, { schema })
    const tagsToAdd = [
      { schemaEntity: onField, tags: ['PII', 'MAIL'] },
      { schemaEntity: onRecord, tags: ['OWNED'] },
    ]
    const second = (await ok('POST', `${path}/1/tags`, { tagsToAdd })) as Version
    assert.equal(second.version, 2)
    const tagged = {
      ...user,
      fields: [{ ...field, 'confluent:tags': ['PII', 'MAIL'] }],
      'confluent:tags': ['OWNED'],
    }
    assert.deepEqual(JSON.parse(second.schema), tagged)
    const found = (await ok('GET', `${path}/2?findTags=*`)) as Version
    assert.deepEqual(found.schemaTags, [
      { schemaEntity: { entityPath: 'shop.User', entityType: 'sr_record' }, tags: ['OWNED'] },
      { schemaEntity: onField, tags: ['PII', 'MAIL'] },
    ])
    const some = (await ok('GET', `${path}/2?findTags=PII&findTags=NONE`)) as Version
    assert.deepEqual(some.schemaTags, [{ schemaEntity: onField, tags: ['PII'] }])
    assert.ok(!('schemaTags' in ((await ok('GET', `${path}/1?findTags=*`)) as Version)))
    const again = (await ok('POST', `${path}/latest/tags`, { tagsToAdd })) as Version
    assert.equal(again.version, 2, 'nothing is new')
    const tagsToRemove = [{ schemaEntity: onField, tags: ['MAIL'] }]
    const third = (await ok('POST', `${path}/latest/tags`, { tagsToRemove })) as Version
    assert.match(third.schema, /"confluent:tags":\["PII"\]/)
    const nowhere = { entityPath: 'shop.User.phone', entityType: 'sr_field' }
    const wrong = { tagsToAdd: [{ schemaEntity: nowhere, tags: ['PII'] }] }
    assert.equal(await refused('POST', `${path}/latest/tags`, wrong), 42201)
    assert.equal(await refused('POST', `${path}/9/tags`, { tagsToAdd }), 40402)
    assert.equal(await refused('POST', '/subjects/none/versions/1/tags', { tagsToAdd }), 40401)
  },
)

registryTest('tags go along with a registration, and are kept if asked', async ({ ok }) => {
  const schemaTagsToAdd = [{ schemaEntity: onField, tags: ['PII'] }]
  const first = (await ok('POST', path, { schema, schemaTagsToAdd })) as Version
  assert.match(first.schema, /PII/)
  const found = (await ok('POST', '/subjects/users', { schema, schemaTagsToAdd })) as Version
  assert.equal(found.version, 1)
  const age = { name: 'age', type: 'int', default: 0 }
  const next = JSON.stringify({ ...user, fields: [field, age] })
  const kept = (await ok('POST', path, { schema: next, propagateSchemaTags: true })) as Version
  assert.match(kept.schema, /PII/)
  const without = (await ok('POST', path, { schema: next })) as Version
  assert.ok(!without.schema.includes('PII'))
  const only = JSON.stringify({ ...user, fields: [age] })
  await ok('POST', path, { schema, schemaTagsToAdd, propagateSchemaTags: true })
  const gone = (await ok('POST', path, { schema: only, propagateSchemaTags: true })) as Version
  assert.ok(!gone.schema.includes('PII'), 'a tag goes with its field')
})

registryTest('rules are merged and removed by name', async ({ ok, refused }) => {
  const rule = (name: string): object => ({ name, kind: 'CONDITION', type: 'CEL', expr: 'true' })
  await ok('POST', path, { schema, ruleSet: { domainRules: [rule('a'), rule('b')] } })
  const changes = { rulesToMerge: { domainRules: [rule('c')] }, rulesToRemove: ['a'] }
  const second = (await ok('POST', `${path}/1/tags`, changes)) as Version
  assert.deepEqual(
    second.ruleSet?.domainRules?.map(({ name }) => name),
    ['b', 'c'],
  )
  const both = { ...changes, ruleSet: { domainRules: [rule('d')] } }
  assert.equal(await refused('POST', `${path}/1/tags`, both), 42210)
})

registryTest('a version says its number once it was told one', async ({ ok, refused }) => {
  await ok('POST', path, { schema })
  const tagsToAdd = [{ schemaEntity: onField, tags: ['PII'] }]
  assert.equal(await refused('POST', `${path}/1/tags`, { tagsToAdd, newVersion: 5 }), 42201)
  const numberOf = ({ metadata }: Version): string | undefined =>
    metadata?.properties?.['confluent:version']
  const tagged = (await ok('POST', `${path}/1/tags`, { tagsToAdd, newVersion: 2 })) as Version
  assert.equal(numberOf(tagged), '2')
  const plain = (await ok('POST', path, { schema })) as Version
  assert.deepEqual([plain.version, numberOf(plain)], [1, undefined], 'it was there before')
  const next = JSON.stringify({ ...user, doc: 'a person' })
  const third = (await ok('POST', path, { schema: next })) as Version
  assert.deepEqual([third.version, numberOf(third)], [3, '3'])
  assert.equal(((await ok('POST', path, { schema: next })) as Version).version, 3)
})

registryTest('a schema that is left out is that of the version before', async ({ ok, refused }) => {
  assert.equal(await refused('POST', path, { metadata: {} }), 42201)
  await ok('POST', path, { schema })
  const metadata = { properties: { owner: 'shop' } }
  const second = (await ok('POST', path, { metadata })) as Version
  assert.equal(second.version, 2)
  assert.deepEqual(second.metadata, metadata)
  assert.deepEqual(JSON.parse(second.schema), user)
})

registryTest('a breaking schema is registered by force only', async ({ ok, refused }) => {
  await ok('POST', path, { schema })
  const age = { name: 'age', type: 'int' }
  const breaking = { schema: JSON.stringify({ ...user, fields: [field, age] }) }
  assert.equal(await refused('POST', path, breaking), 409)
  assert.equal(((await ok('POST', `${path}?force=true`, breaking)) as Version).version, 2)
  await ok('DELETE', `${path}/1`)
  assert.deepEqual(await ok('GET', `${path}?deleted=true&deletedAsNegative=true`), [-1, 2])
  assert.deepEqual(await ok('GET', `${path}?deleted=true`), [1, 2])
})

registryTest('references are named with their context if asked', async ({ ok, refused }) => {
  await ok('POST', '/subjects/users/versions', { schema })
  const list = { type: 'record', name: 'Users', fields: [{ name: 'first', type: 'shop.User' }] }
  const references = [{ name: 'shop.User', subject: 'users', version: 1 }]
  await ok('POST', '/subjects/lists/versions', { schema: JSON.stringify(list), references })
  const at = '/subjects/lists/versions/1?referenceFormat='
  const told = (await ok('GET', `${at}QUALIFIED`)) as { references: readonly object[] }
  assert.deepEqual(told.references, [{ ...references[0], subject: ':.:users' }])
  assert.equal(await refused('GET', `${at}SHORT`), 422)
})

registryTest('the registry says what it is, also to HEAD', async ({ ok, ask }) => {
  const { version } = (await ok('GET', '/v1/metadata/version')) as { version: string }
  assert.match(version, /^\d+\.\d+\.\d+$/)
  assert.deepEqual(await ok('GET', '/v1/metadata/deployment'), { attributes: [] })
  const head = await ask('HEAD', '/subjects')
  assert.deepEqual([head.status, head.body], [200, undefined])
  assert.equal((await ask('HEAD', '/nothing')).status, 404)
})
