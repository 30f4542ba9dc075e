/** What is under contract, as a person asks a real broker for it; and the way to an approval. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { evidenceItems } from '../contract/approval/evidence-file.ts'
import { contractFileSchema } from '../contract/file-schema/contract-file-schema.ts'
import { BrokerProcess } from '../../test/support/broker-process.ts'
import { decisions } from '../../test/contract/decisions.ts'
import { inference } from '../../test/contract/inference.ts'
import { here, typed, type Typed } from '../../test/support/karst-command.ts'

let broker: BrokerProcess
let folder: string

const karst = (...args: string[]): Promise<Typed> =>
  typed(broker.bootstrap, [...args, '--registry', broker.addresses.registry])
const quick = (...args: string[]): Promise<Typed> =>
  here(broker.bootstrap, [...args, '--registry', broker.addresses.registry])
/** Commands that know of Kafka alone. */
const kafka = (...args: string[]): Promise<Typed> => here(broker.bootstrap, args)

async function file(name: string, text: string): Promise<string> {
  const whole = path.join(folder, name)
  await writeFile(whole, text)
  return whole
}

const complete = inference.replace(
  '      - {fact: classification, in: catalog}\n',
  (row) =>
    `${row}      - {fact: event-id, in: header, at: ce_id}\n` +
    '      - {fact: source, in: header, at: ce_source}\n',
)

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'karst-contracts-'))
  broker = await BrokerProcess.start()
  const own = decisions({ more: ['{name: traceId, logicalType: string}'] })
  for (const [name, text] of [
    ['inference.yaml', complete],
    ['decisions.yaml', own],
  ] as const) {
    const { code, err } = await karst('contract', 'apply', await file(name, text))
    assert.equal(code, 0, err)
  }
})
after(async () => {
  await broker.close()
  await rm(folder, { recursive: true })
})

test('contracts are listed by topic, and one topic is told whole', async () => {
  const { out } = await quick('contract', 'list')
  const rows = out
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
  assert.deepEqual(rows[0], [
    ...['CONTRACT', 'VERSION', 'REVISION', 'STATUS', 'OWNER', 'TOPIC', 'CLASS'],
    ...['READERS', 'RETENTION', 'VIOLATIONS'],
  ])
  assert.deepEqual(rows[1], [
    ...['ai.norm.acme.inference', '2.1.0', '1', 'active', 'ai-platform', 'ai.norm.acme'],
    ...['restricted', 'eval-jobs', '180 d', 'reject'],
  ])
  assert.equal(rows[2]?.[5], 'decisions')
  const one = await quick('contract', 'list', '--topic', 'ai.norm.acme')
  for (const row of [
    'field input_parts.text\tstring, restricted',
    'reader eval-jobs\tread, within 2 min',
    'fact tenant\theader ce_tenant',
    'comes of ai.raw.acme\totel-genai-dev-1.42',
    'goes into ai.masked.acme\tmasking plan mp-7',
    'replay window\t30 d',
  ]) {
    assert.ok(one.out.includes(`${row}\n`), `${row} is not in\n${one.out}`)
  }
  assert.equal((await quick('contract', 'list', '--topic', 'nobody')).code, 1)
  assert.equal((await quick('contract', 'list', '--topic', 'a', '--shadow')).code, 2)
  const listed = JSON.parse((await quick('contract', 'list', '--json')).out) as object[]
  assert.partialDeepStrictEqual(listed[0], { topics: ['ai.norm.acme'], revision: 1 })
})

test('names, the schema, and exports', async () => {
  const { out } = await quick('contract', 'names')
  assert.match(out, /^property\ttraceid\tvalue\ttraceId\tno\tai\.sec\.decisions$/m)
  const printed = await typed(broker.bootstrap, ['contract', 'schema'])
  assert.deepEqual(JSON.parse(printed.out), contractFileSchema)
  const xregistry = await quick('contract', 'export', '--format', 'xregistry')
  const document = JSON.parse(xregistry.out) as Record<string, Record<string, unknown>>
  assert.deepEqual(Object.keys(document['messagegroups'] ?? {}), [
    'ai.norm.acme.inference',
    'ai.sec.decisions',
  ])
  assert.ok(xregistry.out.includes(`"${broker.bootstrap}"`))
  const flags = ['--contract', 'ai.sec.decisions', '-b', 'kafka.acme:9092']
  const lineage = await quick('contract', 'export', '--format', 'openlineage', ...flags)
  const [event, ...others] = JSON.parse(lineage.out) as object[]
  assert.deepEqual(others, [])
  assert.partialDeepStrictEqual(event, {
    dataset: { namespace: 'kafka://kafka.acme:9092', name: 'decisions' },
  })
  const refused = await quick('contract', 'export', '--format', 'xregistry', '--contract', 'no')
  assert.match(refused.err, /404.*there is no contract no/)
  assert.equal((await quick('contract', 'export', '--format', 'x')).code, 2)
  assert.match((await quick('contract', 'export', '--format', 'openlineage', '-b', 'x')).err, /422/)
})

test('lists over HTTP come in pages', async () => {
  const asked = async (url: string): Promise<object[]> => {
    const response = await fetch(`http://${broker.addresses.registry}${url}`)
    return (await response.json()) as object[]
  }
  assert.equal((await asked('/contracts')).length, 2)
  const [second, ...others] = await asked('/contracts?offset=1&limit=5')
  assert.deepEqual(others, [])
  assert.partialDeepStrictEqual(second, { contractId: 'ai.sec.decisions' })
  assert.equal((await asked('/contracts/openlineage?limit=1')).length, 1)
  assert.deepEqual(await asked('/contracts/schema'), contractFileSchema)
})

const day = (days: number): string =>
  new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

test('a stream is approved when all of the list is met, and not before', async () => {
  const approve = (...args: string[]): Promise<Typed> =>
    karst('approve', '--stream', 'ai.norm.acme', ...args)
  const value = {
    occurred_at: '2026-11-29T12:00:00Z',
    trace_id: 't',
    actor_id: 'a',
    consent_id: 'c',
    label: 'refund',
  }
  const headers = ['ce_tenant=acme', 'ce_id=1', 'ce_source=/a'].flatMap((each) => ['-H', each])
  for (let at = 0; at < 3; at++) {
    const written = await kafka(
      'produce',
      'ai.norm.acme',
      '-k',
      't',
      ...headers,
      '-v',
      JSON.stringify(value),
    )
    assert.equal(written.code, 0, written.err)
  }
  await kafka('consume', 'ai.norm.acme', '--group', 'readers', '--max', '1')
  const bare = await approve('--metrics', broker.addresses.http)
  assert.equal(bare.code, 1)
  assert.match(bare.err, /^5 of 15 are met, 10 missing, 0 cannot be known here$/m)
  assert.match(bare.out, /^\[x\] met\tdeclared\t.*subject ai\.norm\.acme-value: version 1/m)
  assert.match(bare.out, /^\[x\] met\tenforced\t.*0 of 3 records/m)
  assert.match(bare.out, /^\[ \] missing\tbackfill\t.*to do: .*\(evidence backfill\)/m)
  assert.match(bare.out, /replay-window\t.*group readers: 2 records behind, at most 10 s old/)
  const rows = evidenceItems.map((item) => {
    const figure = item === 'recovery-time' ? '4 h' : 'seen'
    const when = `on: ${day(0)}, expires: ${day(30)}`
    return `- {item: ${item}, by: eval-lead, ${when}, figure: ${figure}}\n`
  })
  const all = await file('evidence.yaml', rows.join(''))
  const met = await approve('--evidence', all, '--json')
  const { approved, items } = JSON.parse(met.out) as { approved: boolean; items: object[] }
  assert.deepEqual([met.code, approved, items.length], [0, true, 15])
  const nearly = await file('nearly.yaml', rows.slice(1).join(''))
  const { code, out } = await approve('--evidence', nearly)
  assert.equal(code, 1)
  assert.equal(out.match(/^\[ \] missing/gm)?.length, 1)
})

test('what cannot be looked at is left open; what is not there is told', async () => {
  const flags = ['--stream', 'ai.norm.acme', '--bootstrap', '127.0.0.1:1']
  const open = await quick('approve', ...flags)
  assert.equal(open.code, 1)
  assert.match(open.out, /^\[\?\] unknown\tgovernance\t.*ask the brokers/m)
  const none = await quick('approve', '--stream', 'nobody')
  assert.deepEqual([none.code, none.out], [1, ''])
  assert.match(none.err, /nobody/)
  const wrong = await karst('approve', '--stream', 'a', '--evidence', await file('w.yaml', '- {}'))
  assert.match(wrong.err, /w\.yaml:1: error: .*item is missing/)
  assert.equal((await quick('approve')).code, 2)
  await kafka('topic', 'create', 'shadow')
  const shadow = await quick('approve', '--stream', 'shadow')
  assert.equal(shadow.code, 1)
  assert.match(shadow.out, /^\[ \] missing\tdeclared\t.*to do: apply a contract/m)
})
