/** Keys over HTTP: made, rotated, wrapped anew, deleted in two steps and brought back. */
import assert from 'node:assert/strict'
import { registryTest } from '../../../test/support/registry-asking.ts'

const keks = '/dek-registry/v1/keks'
const kek = { name: 'shop', kmsType: 'aws-kms', kmsKeyId: 'arn:aws:kms:eu:1:key/2' }
const deks = `${keks}/shop/deks`
const wrapped = Buffer.from('a wrapped key').toString('base64')
const rewrapped = Buffer.from('wrapped anew').toString('base64')

const withoutTime = (answer: unknown): object => {
  const { ts, ...rest } = answer as { ts: number }
  assert.ok(ts > 0)
  return rest
}

registryTest('a KEK is made, changed, deleted and brought back', async ({ ok, refused }) => {
  const made = await ok('POST', keks, { ...kek, kmsType: 'AWS', kmsProps: { region: 'eu' } })
  const whole = { ...kek, kmsProps: { region: 'eu' }, shared: false }
  assert.deepEqual(withoutTime(made), whole)
  assert.equal(await refused('POST', keks, kek), 40971)
  assert.deepEqual(await ok('GET', `${keks}/shop`), made)
  assert.deepEqual(await ok('GET', keks), ['shop'])
  const update = { doc: 'of the shop', kmsProps: null }
  const changed = withoutTime(await ok('PUT', `${keks}/shop`, update))
  assert.deepEqual(changed, { ...kek, doc: 'of the shop', shared: false })
  assert.equal(await refused('DELETE', `${keks}/shop?permanent=true`), 40471)
  assert.equal(await ok('DELETE', `${keks}/shop`), undefined)
  assert.equal(await refused('GET', `${keks}/shop`), 40470)
  assert.equal(await refused('PUT', `${keks}/shop`, update), 40470)
  assert.deepEqual(withoutTime(await ok('GET', `${keks}/shop?deleted=true`)), {
    ...changed,
    deleted: true,
  })
  await ok('POST', `${keks}/shop/undelete`)
  assert.deepEqual(withoutTime(await ok('GET', `${keks}/shop`)), changed)
  await ok('DELETE', `${keks}/shop`)
  await ok('POST', keks, { ...kek, doc: 'of the shop' })
  assert.deepEqual(await ok('GET', keks), ['shop'], 'made again as it was, it is back')
  await ok('DELETE', `${keks}/shop`)
  await ok('DELETE', `${keks}/shop?permanent=true`)
  assert.equal(await refused('GET', `${keks}/shop?deleted=true`), 40470)
  assert.equal(await refused('DELETE', `${keks}/shop`), 40470)
  assert.equal(await refused('POST', `${keks}/shop/undelete`), 40470)
})

registryTest('what is no KEK is told why', async ({ ok, ask, refused }) => {
  for (const wrong of [
    { ...kek, name: '1shop' },
    { ...kek, name: 'a'.repeat(257) },
    { ...kek, name: undefined },
    { ...kek, kmsType: '' },
    { ...kek, kmsKeyId: undefined },
    { ...kek, kmsKeyId: 'key/2' },
    { ...kek, doc: 'x'.repeat(70_000) },
  ]) {
    assert.equal(await refused('POST', keks, wrong), 42271)
  }
  assert.equal(await refused('POST', keks, { ...kek, kmsProps: { region: 1 } }), 422)
  assert.equal(await refused('PUT', `${keks}/1shop`, {}), 42271)
  const shared = await ask('POST', keks, { ...kek, shared: true })
  assert.equal((shared.body as { error_code: number }).error_code, 42271)
  assert.match((shared.body as { message: string }).message, /'shared'.*set shared=false/)
  await ok('POST', keks, kek)
  assert.equal(await refused('PUT', `${keks}/shop`, { shared: true }), 42271)
  assert.equal(await refused('POST', `${keks}/shop/test`), 42271)
  assert.equal(await refused('POST', `${keks}/none/test`), 40470)
})

registryTest('data keys: by algorithm and version, and rotated', async ({ ok, refused }) => {
  const body = { encryptedKeyMaterial: wrapped }
  assert.equal(await refused('POST', `${deks}/users-value`, body), 40470)
  await ok('POST', keks, kek)
  const first = await ok('POST', `${deks}/users-value`, body)
  assert.deepEqual(withoutTime(first), {
    kekName: 'shop',
    subject: 'users-value',
    version: 1,
    algorithm: 'AES256_GCM',
    encryptedKeyMaterial: wrapped,
  })
  assert.equal(await refused('POST', `${deks}/users-value`, body), 40971)
  await ok('POST', `${deks}/users-value`, { ...body, version: 2 })
  const siv = { ...body, algorithm: 'AES256_SIV' }
  await ok('POST', deks, { ...siv, subject: 'users-value' })
  assert.deepEqual(await ok('GET', `${deks}/users-value`), first)
  assert.deepEqual(await ok('GET', `${deks}/users-value/versions`), [1, 2])
  assert.deepEqual(await ok('GET', `${deks}/users-value/versions?algorithm=AES256_SIV`), [1])
  for (const latest of ['latest', '-1']) {
    const found = (await ok('GET', `${deks}/users-value/versions/${latest}`)) as object
    assert.equal((found as { version: number }).version, 2)
  }
  assert.equal(await refused('GET', `${deks}/users-value/versions/3`), 40470)
  assert.equal(await refused('GET', `${deks}/users-value/versions/x`), 42202)
  assert.equal(await refused('GET', `${deks}/users-value?algorithm=ROT13`), 42271)
  assert.equal(await refused('POST', `${deks}/a`, {}), 42271)
  assert.equal(await refused('POST', `${deks}/a`, { encryptedKeyMaterial: '!' }), 42271)
  assert.equal(await refused('POST', `${deks}/a`, { ...body, version: -3 }), 42202)
  assert.equal(await refused('POST', deks, body), 42271)
  const anew = { encryptedKeyMaterial: rewrapped }
  assert.equal(await refused('POST', `${deks}/users-value`, anew), 40971)
  const again = await ok('POST', `${deks}/users-value?rewrap=true`, anew)
  assert.equal((again as { encryptedKeyMaterial: string }).encryptedKeyMaterial, rewrapped)
})

registryTest('data keys hold their KEK, and are deleted in two steps', async ({ ok, refused }) => {
  const body = { encryptedKeyMaterial: wrapped }
  await ok('POST', keks, kek)
  await ok('POST', `${deks}/a`, body)
  await ok('POST', `${deks}/a`, { ...body, version: 2 })
  await ok('POST', '/contexts/.eu/dek-registry/v1/keks/shop/deks/b', body)
  assert.deepEqual(await ok('GET', deks), [':.eu:b', 'a'])
  assert.deepEqual(await ok('GET', `${keks}?subjectPrefix=a`), ['shop'])
  assert.deepEqual(await ok('GET', `${keks}?subjectPrefix=b`), [])
  assert.deepEqual(await ok('GET', `/contexts/.eu${keks}`), ['shop'])
  assert.deepEqual(await ok('GET', `/contexts/.us${keks}`), [])
  assert.equal(await refused('DELETE', `${keks}/shop`), 42272)
  assert.equal(await refused('DELETE', `${deks}/a?permanent=true`), 40471)
  await ok('DELETE', `${deks}/a/versions/1`)
  assert.deepEqual(await ok('GET', `${deks}/a/versions`), [2])
  assert.deepEqual(await ok('GET', `${deks}/a/versions?deleted=true`), [1, 2])
  assert.equal(await refused('GET', `${deks}/a`), 40470)
  await ok('POST', `${deks}/a`, body)
  assert.deepEqual(await ok('GET', `${deks}/a/versions`), [1, 2], 'made again, it is back')
  await ok('DELETE', `${deks}/a`)
  await ok('POST', `${deks}/a/versions/2/undelete`)
  assert.deepEqual(await ok('GET', `${deks}/a/versions`), [2])
  await ok('POST', `${deks}/a/undelete`)
  await ok('DELETE', `${deks}/a`)
  await ok('DELETE', `${deks}/%3A.eu%3Ab`)
  await ok('DELETE', `${keks}/shop`)
  assert.equal(await refused('POST', `${deks}/a/undelete`), 40472)
  assert.equal(await refused('POST', `${deks}/a`, body), 40470)
  assert.equal(await refused('DELETE', `${keks}/shop?permanent=true`), 42272)
  await ok('DELETE', `${deks}/a?permanent=true`)
  await ok('DELETE', `${deks}/%3A.eu%3Ab/versions/1?permanent=true`)
  assert.equal(await refused('DELETE', `${deks}/a`), 40470)
  await ok('DELETE', `${keks}/shop?permanent=true`)
})

registryTest('of many that make the same key at once, one does', async ({ ask, ok }) => {
  await ok('POST', keks, kek)
  const bodies = Array.from({ length: 8 }, (_, at) => ({
    encryptedKeyMaterial: Buffer.from(`${at}`).toString('base64'),
  }))
  const answers = await Promise.all(bodies.map((body) => ask('POST', `${deks}/a`, body)))
  assert.deepEqual(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, ...Array.from({ length: 7 }, () => 409)],
  )
  const made = answers.find(({ status }) => status === 200)?.body
  assert.deepEqual(await ok('GET', `${deks}/a`), made)
})
