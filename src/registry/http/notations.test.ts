/** Notations that schemas are told in, and settings that stand for another subject or less strict. */
import assert from 'node:assert/strict'
import { registryTest } from '../../../test/support/registry-asking.ts'

const textOf = (answer: unknown): string => (answer as { schema: string }).schema
const record = (...fields: readonly object[]): string =>
  JSON.stringify({ type: 'record', name: 'R', fields })

registryTest(
  'every language has its notations, whatever the case of their names',
  async ({ ok }) => {
    const schema = [
      'syntax = "proto2";',
      'extend google.protobuf.FieldOptions { optional string mine = 50000; }',
      'message A {',
      '  extensions 100 to 200;',
      '  optional string b = 1 [deprecated = true, (mine) = "x"];',
      '  extend A { optional int32 more = 100; }',
      '}',
    ]
    const imports = 'import "google/protobuf/descriptor.proto";'
    const text = [schema[0], imports, ...schema.slice(1)].join('\n')
    await ok('POST', '/subjects/p/versions', { schemaType: 'PROTOBUF', schema: text })
    const path = '/subjects/p/versions/1'
    const asStored = textOf(await ok('GET', path))
    assert.match(asStored, /extend A/)
    const plain = textOf(await ok('GET', `${path}?format=IGNORE_EXTENSIONS`))
    assert.match(plain, /optional string b = 1 \[deprecated = true\];/)
    assert.ok(!/exten|mine/.test(plain), plain)
    await ok('POST', '/subjects/plain/versions', { schemaType: 'PROTOBUF', schema: plain })
    assert.match(textOf(await ok('GET', `${path}?format=Serialized`)), /^[A-Za-z0-9+/]+=*$/)
    for (const format of ['', 'default', 'Default', 'resolved', 'of-tomorrow']) {
      assert.equal(textOf(await ok('GET', `${path}?format=${format}`)), asStored, format)
    }

    await ok('POST', '/subjects/r/versions', { schema: record() })
    const references = [{ name: 'R', subject: 'r', version: 1 }]
    const list = JSON.stringify({ type: 'array', items: 'R' })
    await ok('POST', '/subjects/a/versions', { schema: list, references })
    const resolved = JSON.parse(textOf(await ok('GET', '/subjects/a/versions/1?format=RESOLVED')))
    assert.deepEqual(resolved, { type: 'array', items: JSON.parse(record()) as object })
    for (const format of ['serialized', 'ignore_extensions']) {
      assert.equal(textOf(await ok('GET', `/subjects/a/versions/1?format=${format}`)), list)
    }
  },
)

registryTest(
  'a notation that is refused is so before anything is written',
  async ({ ok, refused }) => {
    for (const query of ['format=logical', 'format=LOGICAL', 'referenceFormat=short']) {
      const path = `/subjects/s/versions?${query}`
      assert.equal(await refused('POST', path, { schema: record() }), 422)
      assert.deepEqual(await ok('GET', '/subjects'), [])
    }
    await ok('POST', '/subjects/s/versions', { schema: record() })
    const tags = { tagsToAdd: [], metadata: { properties: { a: 'b' } } }
    const path = '/subjects/s/versions/1/tags?format=logical'
    assert.equal(await refused('POST', path, tags), 422)
    assert.deepEqual(await ok('GET', '/subjects/s/versions'), [1])
    assert.equal(await refused('GET', '/schemas/ids/1?format=logical'), 422)
  },
)

registryTest('settings: what is kept, and what is refused', async ({ ok, refused }) => {
  const settings = {
    ...{ alias: 'other', aliasForDeks: 'keys', normalize: true, validateFields: true },
    ...{ validateNewSchemas: false, validateRules: false, compatibilityPolicy: 'LENIENT' },
    compatibilityGroup: 'major',
  }
  await ok('PUT', '/config/s', settings)
  assert.deepEqual(await ok('GET', '/config/s'), settings)
  assert.equal(await refused('PUT', '/config/s', { compatibilityPolicy: 'LOGICAL' }), 422)
  assert.equal(await refused('PUT', '/config/s', { compatibilityPolicy: 7 }), 422)
  assert.equal(await refused('PUT', '/config/s', { aliasForDeks: 'a\nb' }), 42208)
  await ok('PUT', '/config/s', { compatibilityPolicy: 'strict' })
  assert.deepEqual(await ok('GET', '/config/s'), { ...settings, compatibilityPolicy: 'STRICT' })
})

registryTest('defaults of new schemas are checked, but where nobody wants it', async (asking) => {
  const { ok, refused } = asking
  const schema = record({ name: 'n', type: 'int', default: 'none' })
  assert.equal(await refused('POST', '/subjects/s/versions', { schema }), 42201)
  await ok('PUT', '/config', { validateNewSchemas: false })
  await ok('POST', '/subjects/s/versions', { schema })
  await ok('PUT', '/config/t', { validateNewSchemas: true })
  assert.equal(await refused('POST', '/subjects/t/versions', { schema }), 42201)
})

registryTest('an alias is of the context of its subject, and may be taken back', async (asking) => {
  const { ok, refused } = asking
  await ok('POST', '/contexts/.eu/subjects/real/versions', { schema: record() })
  await ok('PUT', '/config/:.eu:nick', { alias: 'real' })
  const found = (await ok('GET', '/subjects/:.eu:nick/versions/1')) as { subject: string }
  assert.equal(found.subject, ':.eu:real')
  const path = '/compatibility/subjects/:.eu:nick/versions/latest'
  const body = { schema: record({ name: 'n', type: 'int' }) }
  assert.deepEqual(await ok('POST', path, body), { is_compatible: false })
  assert.deepEqual(await ok('GET', '/subjects/:.eu:nick/versions/1/referencedby'), [])
  const [listed] = (await ok('GET', '/schemas?aliases=true')) as readonly { aliases: string[] }[]
  assert.deepEqual(listed?.aliases, [':.eu:nick'])
  await ok('PUT', '/config/:.eu:nick', { alias: '' })
  assert.equal(await refused('GET', '/subjects/:.eu:nick/versions/1'), 40401)
})

registryTest('data keys of a subject may be those of another', async ({ ok, refused }) => {
  const root = '/dek-registry/v1/keks'
  await ok('POST', root, { name: 'k', kmsType: 'local-kms', kmsKeyId: 'x' })
  const encryptedKeyMaterial = Buffer.from('wrapped').toString('base64')
  const deks = `${root}/k/deks`
  const subjectOf = (answer: unknown): string => (answer as { subject: string }).subject
  await ok('PUT', '/config/nick', { alias: 'schemas', aliasForDeks: 'keys' })
  assert.equal(subjectOf(await ok('POST', `${deks}/nick`, { encryptedKeyMaterial })), 'keys')
  assert.equal(subjectOf(await ok('GET', `${deks}/nick`)), 'keys')
  assert.deepEqual(await ok('GET', `${deks}/nick/versions`), [1])
  assert.deepEqual(await ok('GET', deks), ['keys'])
  await ok('PUT', '/config/nick', { aliasForDeks: '' })
  assert.equal(await refused('GET', `${deks}/nick`), 40470, 'then alias counts')
  await ok('PUT', '/config/nick', { alias: 'keys' })
  assert.equal(subjectOf(await ok('GET', `${deks}/nick/versions/latest`)), 'keys')
  await ok('DELETE', `${deks}/nick/versions/1`)
  assert.equal(await refused('GET', `${deks}/keys`), 40470)
})
