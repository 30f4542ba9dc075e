/** Associations of subjects with topics over HTTP. */
import assert from 'node:assert/strict'
import { type Asking, registryTest } from '../../../test/support/registry-asking.ts'

const text = { schema: '"string"' }
const number = { schema: '"long"' }
const topic = { resourceName: 'orders', resourceNamespace: 'shop', resourceId: 'id-1' }
const own = ':.shop:orders-value'
const at = '/associations/resources/id-1'
const encoded = (subject: string): string => encodeURIComponent(subject)

const weak = (subject: string, more: object = {}): object => ({
  ...topic,
  associations: [{ subject, lifecycle: 'WEAK', ...more }],
})

interface Told {
  readonly subject: string
  readonly associationType: string
  readonly lifecycle: string
  readonly schema?: { readonly id: number; readonly version: number }
}

interface Resource {
  readonly resourceId: string
  readonly associations?: readonly Told[]
}

const subjectsAt = async ({ ok }: Asking, path: string): Promise<string[]> =>
  ((await ok('GET', path)) as readonly Told[]).map(({ subject }) => subject)

registryTest('a topic shares a subject: found by subject, id and name', async (asking) => {
  const { ok, refused } = asking
  assert.equal(await refused('POST', '/associations', weak('common')), 40907)
  await ok('POST', '/subjects/common/versions', text)
  const made = (await ok('POST', '/associations', weak('common'))) as Resource
  assert.deepEqual(made, {
    ...topic,
    resourceType: 'topic',
    associations: [{ subject: 'common', associationType: 'value', lifecycle: 'WEAK' }],
  })
  assert.deepEqual(await ok('POST', '/associations', weak('common')), made, 'asked again')
  const [found] = (await ok('GET', at)) as readonly Record<string, unknown>[]
  const { guid, createTimestamp, updateTimestamp, ...rest } = found as Record<string, unknown>
  assert.match(String(guid), /^[0-9a-f-]{36}$/)
  assert.equal(createTimestamp, updateTimestamp)
  const facts = { subject: 'common', associationType: 'value', lifecycle: 'WEAK' }
  assert.deepEqual(rest, { ...topic, resourceType: 'topic', ...facts })
  for (const path of [
    '/associations/subjects/common',
    `${at}?lifecycle=WEAK&resourceType=topic`,
    `${at}?associationType=key&associationType=value`,
    '/associations/resources/shop/orders',
    '/associations/resources/-/orders',
    '/associations/resources/shop/-',
  ]) {
    assert.deepEqual(await ok('GET', path), [found], path)
  }
  for (const path of [
    '/associations/subjects/none',
    '/associations/resources/id-2',
    '/associations/resources/other/orders',
    `${at}?lifecycle=STRONG`,
    `${at}?associationType=key`,
    `${at}?resourceType=table`,
    `${at}?offset=1`,
  ]) {
    assert.deepEqual(await ok('GET', path), [], path)
  }
  const second = { ...weak('common'), resourceId: 'id-2', resourceName: 'returns' }
  await ok('POST', '/associations', second)
  assert.equal((await subjectsAt(asking, '/associations/subjects/common')).length, 2)
  await ok('DELETE', at)
  assert.deepEqual(await ok('GET', at), [])
  assert.equal(await refused('DELETE', at), 40410)
  assert.deepEqual(await ok('GET', '/subjects'), ['common'])
})

registryTest('a topic owns its subject, which comes and goes with it', async (asking) => {
  const { ok, refused } = asking
  const strong = { ...topic, associations: [{ schema: text }] }
  const made = (await ok('POST', '/associations', strong)) as Resource
  const [told] = made.associations ?? []
  assert.deepEqual([told?.subject, told?.lifecycle, told?.schema?.version], [own, 'STRONG', 1])
  assert.deepEqual(await ok('GET', `/subjects/${encoded(own)}/versions`), [1])
  const again = (await ok('POST', '/associations', strong)) as Resource
  assert.equal(again.associations?.[0]?.schema?.id, told?.schema?.id)
  const other = { ...topic, associations: [{ schema: number }] }
  assert.equal(await refused('POST', '/associations', other), 40903)
  const update = { ...topic, associations: [{ lifecycle: 'WEAK' }] }
  assert.equal(await refused('PUT', at, update), 42212)
  await ok('POST', '/subjects/common/versions', text)
  assert.equal(await refused('POST', '/associations', weak('common')), 42212)
  assert.equal(await refused('PUT', at, weak('common')), 42212)
  const another = { ...weak(own), resourceId: 'id-2', resourceName: 'returns' }
  assert.equal(await refused('POST', '/associations', another), 40905)
  const reference = { schema: '"int"', references: [{ name: 'a', subject: own, version: 1 }] }
  assert.equal(await refused('POST', '/subjects/common/versions', reference), 42205)
  assert.equal(await refused('DELETE', `/subjects/${encoded(own)}`), 40904)
  assert.equal(await refused('DELETE', `/subjects/${encoded(own)}/versions/1`), 40904)
  assert.equal(await refused('DELETE', at), 40908)
  await ok('DELETE', `${at}?cascadeLifecycle=true&dryRun=true`)
  assert.deepEqual(await subjectsAt(asking, at), [own])
  await ok('DELETE', `${at}?cascadeLifecycle=true`)
  assert.deepEqual(await ok('GET', at), [])
  assert.equal(await refused('GET', `/subjects/${encoded(own)}/versions?deleted=true`), 40401)
  await ok('POST', '/associations', strong)
})

registryTest(
  'keys and values are owned together, also with equal schemas',
  async ({ ok, refused }) => {
    const both = {
      ...topic,
      associations: [
        { associationType: 'key', schema: text },
        { associationType: 'value', schema: text },
      ],
    }
    const { associations } = (await ok('POST', '/associations', both)) as Resource
    assert.deepEqual(
      associations?.map(({ subject }) => subject),
      [':.shop:orders-key', own],
    )
    assert.equal(associations?.[0]?.schema?.id, associations?.[1]?.schema?.id)
    await ok('DELETE', `${at}?cascadeLifecycle=true`)
    await ok('POST', '/subjects/common/versions', text)
    const mixed = {
      ...topic,
      associations: [{ associationType: 'key', subject: 'common' }, { schema: text }],
    }
    assert.equal(await refused('POST', '/associations', mixed), 42212)
    const twice = { ...topic, associations: [{ schema: text }, { schema: text }] }
    assert.equal(await refused('POST', '/associations', twice), 42212)
  },
)

registryTest(
  'an update adds shared subjects, and changes nothing else',
  async ({ ok, refused }) => {
    await ok('POST', '/subjects/common/versions', text)
    await ok('POST', '/subjects/other/versions', text)
    await ok('PUT', at, { ...weak('common'), resourceId: undefined })
    await ok('PUT', at, weak('common'))
    await ok('PUT', at, weak('other', { associationType: 'key' }))
    assert.equal(await refused('PUT', at, weak('other')), 42212)
    assert.equal(await refused('PUT', at, { ...weak('common'), resourceId: 'id-2' }), 42212)
    const promoted = { ...topic, associations: [{ lifecycle: 'STRONG' }] }
    assert.equal(await refused('PUT', at, promoted), 42212)
    const fresh = { ...topic, resourceId: 'id-3', associations: [{ schema: text }] }
    assert.equal(await refused('PUT', '/associations/resources/id-3', fresh), 42212)
    assert.equal(await refused('DELETE', '/subjects/common'), 40904)
    await ok('POST', '/subjects/common/versions', { schema: '["string","long"]' })
    await ok('DELETE', '/subjects/common/versions/1')
    assert.equal(await refused('DELETE', '/subjects/common/versions/2'), 40904)
  },
)

registryTest('what is no association is told why', async ({ ok, refused }) => {
  await ok('POST', '/subjects/common/versions', text)
  for (const wrong of [
    { ...weak('common'), resourceId: undefined },
    { ...weak('common'), resourceName: '' },
    { ...weak('common'), resourceName: 'a/b' },
    { ...weak('common'), resourceNamespace: undefined },
    { ...weak('common'), resourceType: 'table' },
    weak('common', { associationType: 'header' }),
    weak('common', { lifecycle: 'ETERNAL' }),
    weak('common', { frozen: true }),
    weak('common', { schema: text }),
    weak(own),
    { ...topic, associations: [{ lifecycle: 'WEAK' }] },
    { ...topic, associations: [{ subject: 'common', lifecycle: 'STRONG', schema: text }] },
    { ...topic, associations: [{ lifecycle: 'STRONG' }] },
    { ...topic, associations: [{ schema: text, frozen: false }] },
    { ...topic, associations: [] },
  ]) {
    assert.equal(await refused('POST', '/associations', wrong), 42212, JSON.stringify(wrong))
  }
  const broken = { ...topic, associations: [{ schema: { schema: '{' } }] }
  assert.equal(await refused('POST', '/associations', broken), 42201)
  await ok('POST', `/subjects/${encoded(own)}/versions`, number)
  const late = { ...topic, associations: [{ schema: text }] }
  assert.equal(await refused('POST', '/associations', late), 42212)
  assert.deepEqual(await ok('GET', at), [])
})

registryTest('a dry run writes nothing, and refuses what would be', async ({ ok, refused }) => {
  const strong = { ...topic, resourceId: undefined, associations: [{ schema: text }] }
  const answer = await ok('POST', '/associations?dryRun=true', strong)
  const { resourceId: _none, ...named } = topic
  assert.deepEqual(answer, { ...named, resourceType: 'topic' })
  assert.deepEqual(await ok('GET', '/subjects'), [])
  assert.equal(await refused('POST', '/associations?dryRun=true', weak('none')), 40907)
})

registryTest('a batch: each for itself, and its steps in turn', async ({ ok, ask, refused }) => {
  await ok('POST', '/subjects/common/versions', text)
  const create = { opType: 'CREATE', subject: 'common', lifecycle: 'WEAK' }
  const requests = [
    { ...topic, associations: [create] },
    { ...topic, associations: [{ ...create, subject: 'none' }] },
    { ...topic, resourceId: 'id-2', associations: [{ opType: 'CREATE', schema: text }] },
    { ...topic, associations: [{ opType: 'DELETE' }, { ...create, opType: 'UPSERT' }] },
    { ...topic, resourceId: 'id-3', associations: [{ opType: 'DELETE' }] },
  ]
  const answer = await ask('POST', '/associations:batchMutate', { requests })
  assert.equal(answer.status, 207)
  const { results } = answer.body as {
    results: readonly { result?: Resource; error?: { error_code: number } }[]
  }
  assert.deepEqual(
    results.map(({ error }) => error?.error_code),
    [undefined, 40903, undefined, undefined, 40410],
  )
  assert.equal(results[2]?.result?.associations?.[0]?.schema?.version, 1)
  assert.equal(results[3]?.result?.associations?.[0]?.subject, 'common')
  const questions = [
    { resourceId: 'id-1' },
    { resourceName: 'orders', resourceNamespace: 'shop', lifecycle: 'STRONG' },
    { resourceName: 'orders' },
    {},
  ]
  const path = '/associations:batchGet?includeSchemas=true'
  const found = await ask('POST', path, { requests: questions })
  assert.equal(found.status, 207)
  const told = (found.body as { results: typeof results }).results
  assert.equal(told[0]?.result?.associations?.[0]?.schema?.version, 1)
  assert.deepEqual(
    told[1]?.result?.associations?.map(({ subject }) => subject),
    [own],
  )
  assert.equal(told[1]?.result?.resourceId, 'id-2')
  assert.deepEqual([told[2]?.error?.error_code, told[3]?.error?.error_code], [42212, 42212])
  assert.equal(await refused('POST', path, { requests: [] }), 42212)
  assert.equal(await refused('POST', '/associations:batchMutate', {}), 42212)
})

registryTest('schemas are listed by what they are associated with', async ({ ok, refused }) => {
  await ok('POST', '/subjects/common/versions', text)
  const rule = { name: 'r', kind: 'CONDITION', type: 'CEL', expr: 'true' }
  await ok('POST', '/subjects/free/versions', { ...text, ruleSet: { domainRules: [rule] } })
  await ok('POST', '/associations', weak('common'))
  const strong = { ...topic, resourceId: 'id-2', associations: [{ schema: text }] }
  await ok('POST', '/associations', strong)
  const listed = async (query: string): Promise<string[]> =>
    ((await ok('GET', `/schemas?${query}`)) as readonly Told[]).map(({ subject }) => subject)
  assert.deepEqual(await listed('resourceType=topic'), ['common', own])
  assert.deepEqual(await listed('lifecycle=WEAK'), ['common'])
  assert.deepEqual(await listed('lifecycle=NONE&lifecycle=STRONG'), ['free', own])
  assert.deepEqual(await listed('associationType=key'), [])
  assert.deepEqual(await listed('ruleType=CEL'), ['free'])
  assert.equal(await refused('GET', '/schemas?lifecycle=SOME'), 42212)
  const [first] = (await ok('GET', '/schemas?lifecycle=WEAK')) as readonly {
    associations: readonly { resourceId: string }[]
  }[]
  assert.equal(first?.associations[0]?.resourceId, 'id-1')
  await ok('PUT', '/config/nick', { alias: 'free' })
  const [aliased] = (await ok('GET', '/schemas?aliases=true&subjectPrefix=ni')) as readonly object[]
  assert.deepEqual((aliased as { aliases: string[] }).aliases, ['nick'])
  assert.deepEqual(await listed('subjectPrefix=ni'), [])
})

registryTest('the context that guards associations holds no schemas', async ({ refused }) => {
  const path = '/contexts/.__ASSOCIATIONS/subjects/a/versions'
  assert.equal(await refused('POST', path, text), 42208)
})

registryTest('of two topics that claim a subject at once, one has it', async ({ ask }) => {
  const strong = (resourceId: string): object => ({
    ...{ ...topic, resourceId },
    associations: [{ schema: text }],
  })
  const ids = Array.from({ length: 6 }, (_, each) => `id-${each}`)
  const answers = await Promise.all(ids.map((id) => ask('POST', '/associations', strong(id))))
  const statuses = answers.map(({ status }) => status)
  assert.equal(statuses.filter((status) => status === 200).length, 1, JSON.stringify(answers))
  assert.ok(statuses.every((status) => status === 200 || status === 409))
})
