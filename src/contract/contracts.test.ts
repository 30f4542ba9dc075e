/** Contracts in the catalog: all of one or nothing, and what held where. */
import assert from 'node:assert/strict'
import { readTopic } from '../catalog/topics.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { configureTopic, deleteTopic } from '../catalog/topics.ts'
import { isFailure } from '../base/errors.ts'
import { inlineJudge, type SchemaJudge } from '../registry/judge/schema-job.ts'
import { Registry } from '../registry/registry.ts'
import { schemaFormats } from '../registry/schema/schema-formats.ts'
import { systemClock } from '../base/system-clock.ts'
import { decisions, type DecisionsOptions } from '../../test/contract/decisions.ts'
import { catalogTest } from '../../test/log/catalogs.ts'
import { type Applied, Contracts } from './contracts.ts'

let ids = 0

function contractsOf(
  database: CatalogDatabase,
  judge: SchemaJudge = inlineJudge(schemaFormats),
): {
  readonly contracts: Contracts
  readonly registry: Registry
  readonly apply: (options?: DecisionsOptions) => Promise<Applied>
} {
  const registry = new Registry({ database, formats: schemaFormats, clock: systemClock, judge })
  const contracts = new Contracts({
    ...{ database, parser: registry.parser, leaderEpoch: 1 },
    nowMs: () => systemClock.nowMs(),
    freshTopicId: () => `topic-${++ids}`,
    partitionCount: () => 4,
    configFault: (configs) => (configs['segment.bytes'] === 'x' ? 'segment.bytes: x' : undefined),
    changed: async () => undefined,
  })
  const apply = (options: DecisionsOptions = {}): Promise<Applied> =>
    contracts.apply({
      ...{ text: decisions(options), files: {} },
      ...(options.approvedBy === undefined ? {} : { approvedBy: options.approvedBy }),
    })
  return { contracts, registry, apply }
}

const actions = ({ plan }: Applied): string[] =>
  (plan?.changes ?? []).map(({ action, area }) => `${action} ${area}`)

catalogTest('a contract makes its topic, its schema and its revision at once', async (database) => {
  const { contracts, registry, apply } = contractsOf(database)
  const planned = await contracts.plan({ text: decisions(), files: {} })
  assert.deepEqual(planned.plan?.faults, [])
  assert.equal(await readTopic(database, 'decisions'), undefined, 'a plan changes nothing')
  const applied = await apply({ configs: 'retention.ms: 1000' })
  assert.equal(applied.revision, 1)
  const topic = await readTopic(database, 'decisions')
  assert.equal(topic?.partitionIds.length, 2)
  assert.equal(topic?.contract, 'ai.sec.decisions@1')
  assert.deepEqual(topic?.configs, { 'retention.ms': '1000' })
  const name = { context: '.', subject: 'decisions-value' }
  const schema = await registry.version(name, 'latest', false)
  assert.equal(schema.metadata?.properties?.['contract.id'], 'ai.sec.decisions')
  assert.deepEqual(schema.metadata?.tags?.['tool'], ['internal'])
  assert.equal((await contracts.revision('ai.sec.decisions')).version, '1.0.0')
  const again = await apply()
  assert.deepEqual([again.revision, actions(again).includes('keep subject')], [2, true])
  assert.equal((await readTopic(database, 'decisions'))?.contract, 'ai.sec.decisions@2')
})

catalogTest('what cannot be applied changes nothing at all', async (database) => {
  const { contracts, registry, apply } = contractsOf(database)
  await apply()
  const before = await readTopic(database, 'decisions')
  const refused = async (options: DecisionsOptions, why: RegExp): Promise<void> => {
    const { revision, plan } = await apply(options)
    assert.equal(revision, undefined)
    assert.match((plan?.faults ?? []).join('\n'), why)
  }
  await refused({ more: ['{name: by, logicalType: string, required: true}'] }, /incompatible/)
  await refused({ labels: ['approved'] }, /incompatible/)
  await refused({ partitions: 3 }, /has 2 partitions, not 3/)
  await refused({ configs: 'segment.bytes: x' }, /segment\.bytes: x/)
  await refused({ id: 'another' }, /under the contract ai\.sec\.decisions/)
  const aside = 'quarantine, quarantineTopic: decisions'
  await refused({ onViolation: aside }, /decisions is a topic of events/)
  const { issues, plan } = await apply({ version: 'one' })
  assert.equal(plan, undefined)
  assert.ok(issues.some(({ rule }) => rule === 'wrong-value'))
  assert.deepEqual(await readTopic(database, 'decisions'), before)
  assert.equal((await contracts.history('ai.sec.decisions')).length, 1)
  const versions = await registry.version(
    { context: '.', subject: 'decisions-value' },
    'latest',
    false,
  )
  assert.equal(versions.version, 1)
})

catalogTest('large schemas are worked on apart from the catalog, or refused', async (database) => {
  const here = inlineJudge(schemaFormats)
  const jobs: string[] = []
  let isLate = false
  const { contracts, apply } = contractsOf(database, {
    answer: async (job) => {
      jobs.push(job.kind)
      return isLate ? { kind: 'too-large', message: 'too slow: split it' } : here.answer(job)
    },
    close: () => here.close(),
  })
  const fields = (count: number): string[] =>
    Array.from({ length: count }, (_, at) => {
      return `{name: property${at}, logicalType: string, classification: internal}`
    })
  await apply({ more: fields(900) })
  assert.deepEqual(jobs.splice(0), ['read'])
  const wider = { version: '1.1.0', more: fields(901) }
  const { plan } = await contracts.plan({ text: decisions(wider), files: {} })
  assert.deepEqual([plan?.faults, jobs.splice(0)], [[], ['read', 'compare']])
  isLate = true
  const refused = await apply(wider)
  assert.deepEqual(refused.plan?.faults, ['subject decisions-value: too slow: split it'])
  isLate = false
  assert.equal((await apply(wider)).revision, 2)
  assert.deepEqual(await contracts.drift('ai.sec.decisions'), [])
})

catalogTest(
  'an optional property may come; a rollback is a revision of its own',
  async (database) => {
    const { contracts, apply } = contractsOf(database)
    await apply()
    const more = ['{name: note, logicalType: string, classification: internal}']
    const second = await apply({ version: '1.1.0', more })
    assert.deepEqual(second.plan?.faults, [])
    assert.equal(second.revision, 2)
    const back = await contracts.rollback('ai.sec.decisions', 1)
    assert.deepEqual([back.revision, back.plan?.faults], [3, []])
    assert.ok(actions(back).includes('keep subject'), 'its schema is a version already')
    await assert.rejects(contracts.rollback('ai.sec.decisions', 9), (error) =>
      isFailure(error, 'not-found'),
    )
    const history = await contracts.history('ai.sec.decisions')
    assert.deepEqual(
      history.map(({ revision, version }) => [revision, version]),
      [
        [3, '1.0.0'],
        [2, '1.1.0'],
        [1, '1.0.0'],
      ],
    )
  },
)

catalogTest('a topic that a contract names no more is free of it', async (database) => {
  const { contracts, apply } = contractsOf(database)
  await apply()
  await apply({ topic: 'verdicts' })
  assert.equal((await readTopic(database, 'decisions'))?.contract, null)
  assert.equal((await readTopic(database, 'verdicts'))?.contract, 'ai.sec.decisions@2')
  assert.deepEqual(await contracts.shadowTopics(), ['decisions'])
})

catalogTest('many at once: each is a revision, and none is lost', async (database) => {
  const { contracts, apply } = contractsOf(database)
  await apply()
  const topic = await readTopic(database, 'decisions')
  const work: Promise<unknown>[] = Array.from({ length: 5 }, () => apply())
  work.push(
    configureTopic(database, topic?.topicId ?? '', (configs) => {
      return { ...configs, 'retention.ms': '7' }
    }),
  )
  await Promise.all(work)
  const history = await contracts.history('ai.sec.decisions')
  assert.deepEqual(
    history.map(({ revision }) => revision),
    [6, 5, 4, 3, 2, 1],
  )
  const now = await readTopic(database, 'decisions')
  assert.deepEqual([now?.contract, now?.configs], ['ai.sec.decisions@6', { 'retention.ms': '7' }])
})

catalogTest(
  'frozen labels change only where an approver of the contract says so',
  async (database) => {
    const { contracts, apply } = contractsOf(database)
    await apply()
    const labels = ['approved', 'denied', 'escalated']
    const alone = await apply({ labels, version: '1.1.0' })
    assert.match(alone.plan?.faults.join() ?? '', /escalated would come.*one of ciso must approve/)
    const wrong = await apply({ labels, version: '1.1.0', approvedBy: 'intern' })
    assert.match(wrong.plan?.faults.join() ?? '', /intern is no approver/)
    const approved = await apply({ labels, version: '1.1.0', approvedBy: 'ciso' })
    assert.equal(approved.revision, 2, JSON.stringify(approved.plan?.faults))
    assert.equal((await contracts.revision('ai.sec.decisions')).approvedBy, 'ciso')
  },
)

catalogTest('what somebody changed by other ways is drift', async (database) => {
  const { contracts, apply } = contractsOf(database)
  await apply({ configs: 'retention.ms: 1000' })
  assert.deepEqual(await contracts.drift('ai.sec.decisions'), [])
  const topic = await readTopic(database, 'decisions')
  await configureTopic(database, topic?.topicId ?? '', () => ({ 'retention.ms': '7' }))
  const [changed, ...others] = await contracts.drift('ai.sec.decisions')
  assert.deepEqual(others, [])
  const { area, target, before, after } = changed ?? {}
  assert.deepEqual([area, target, before, after], ['config', 'decisions retention.ms', '7', '1000'])
  await deleteTopic(database, topic?.topicId ?? '', 1)
  const gone = await contracts.drift('ai.sec.decisions')
  assert.ok(gone.some(({ area: what, action }) => what === 'topic' && action === 'create'))
  await assert.rejects(contracts.drift('nobody'), (error) => isFailure(error, 'not-found'))
})

// Each row of a contract's topics was locked by itself, in no order: two new topics could not be.
catalogTest(
  'two kinds of events and their quarantines are four topics of one contract',
  async (database) => {
    const { contracts } = contractsOf(database)
    const more = `  - name: ai.other
    physicalName: another
    properties: [{name: n, logicalType: string}]
customProperties:`
    const text = decisions({ onViolation: 'quarantine', configs: 'retention.ms: 5000' })
    const applied = await contracts.apply({
      text: text.replace('customProperties:\n', `${more}\n`),
      files: {},
    })
    assert.deepEqual([applied.revision, applied.plan?.faults], [1, []])
    for (const name of ['decisions', 'another']) {
      assert.equal((await readTopic(database, name))?.contract, 'ai.sec.decisions@1')
      const aside = await readTopic(database, `${name}.quarantine`)
      assert.equal(aside?.contract, null)
      assert.deepEqual(aside?.configs, {
        'cleanup.policy': 'compact,delete',
        'retention.ms': '5000',
      })
      assert.equal(aside?.partitionIds.length, 2)
    }
    assert.deepEqual(await contracts.shadowTopics(), [])
    assert.deepEqual(await contracts.drift('ai.sec.decisions'), [])
  },
)
