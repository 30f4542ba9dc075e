/**
 * `npm run example:contract`: a broker on a temporary folder, a contract, what producers are told
 * that break it, and what is refused of changes to it. Fails where anything is not as it says.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { BrokerProcess } from '../../test/support/broker-process.ts'
import { Program } from '../../test/support/program.ts'
import { openKafkajs } from '../../test/support/clients/kafkajs.ts'

const topic = 'ai.sec.acme.decisions'
const timeoutMs = 30_000
const file = path.join(import.meta.dirname, 'decisions.odcs.yaml')
const main = path.resolve(import.meta.dirname, '../../src/main.ts')

const good = {
  occurred_at: '2026-11-29T12:00:00Z',
  trace_id: '5b8aa5a2d2c872e8321cf37308d69df2',
  tool: 'refund',
  cents: 400,
  decision: 'approved',
  actor_id: 'user-7',
  consent_id: 'c-1',
}

const broker = await BrokerProcess.start({ readyTimeoutMs: timeoutMs })
try {
  await karst('apply', file)
  await producers()
  await changes()
  await karst('history', topic)
} finally {
  await broker.close()
}

/** The command as a person types it; its output is shown. */
async function karst(...words: string[]): Promise<Ended> {
  return typed(['contract', ...words])
}

interface Ended {
  readonly code: number | null
  readonly errors: string
}

async function typed(words: string[], input = ''): Promise<Ended> {
  console.log(`\n$ karst ${words.map((word) => path.basename(word)).join(' ')}`)
  const args = [main, ...words, '--registry', broker.addresses.registry]
  const program = new Program('karst', process.execPath, args, { timeoutMs, input })
  const { code } = await program.exited
  for (const line of program.lines) console.log(line)
  if (program.errors !== '') console.log(program.errors.trimEnd())
  return { code, errors: program.errors }
}

async function producers(): Promise<void> {
  const producer = openKafkajs(broker.bootstrap).producer()
  await producer.connect()
  const send = async (
    what: string,
    value: object,
    headers: Record<string, string>,
  ): Promise<boolean> => {
    const messages = [{ value: JSON.stringify(value), headers }]
    try {
      await producer.send({ topic, messages })
      console.log(`${what}: written`)
      return true
    } catch (error) {
      console.log(`${what}: refused, ${(error as Error).message}`)
      return false
    }
  }
  console.log('\nproducers of two tenants')
  const acme = { ce_tenant: 'acme' }
  assert.ok(await send('acme, as agreed', good, acme))
  assert.ok(
    !(await send(
      'umbra, a label that evaluators do not know',
      { ...good, decision: 'approve' },
      { ce_tenant: 'umbra' },
    )),
  )
  assert.ok(
    !(await send(
      'umbra, above 10.00 without a person',
      { ...good, cents: 9_900 },
      { ce_tenant: 'umbra' },
    )),
  )
  assert.ok(!(await send('umbra, without its tenant', good, {})))
  assert.ok(await send('acme, not affected by any of it', good, acme))
  await producer.disconnect()
}

/** One thing changed in the contract's file, each refused with what it would mean. */
async function changes(): Promise<void> {
  const text = await readFile(file, 'utf8')
  const refused = async (what: string, from: string, to: string, why: RegExp): Promise<void> => {
    assert.ok(text.includes(from), from)
    console.log(`\n${what}`)
    const changed = text.replace('version: 1.0.0', 'version: 1.1.0').replace(from, to)
    const { faults } = await planOf(changed)
    for (const fault of faults) console.log(`  refused: ${fault}`)
    assert.match(faults.join('\n'), why)
  }
  const labels = 'value: [approved, denied]'
  const more = 'value: [approved, denied, escalated]'
  await refused('the enum trap: a label more', labels, more, /frozen labels/)
  await refused(
    'a lowered class',
    'classification: personal',
    'classification: internal',
    /class-lowered/,
  )
  await refused(
    'a purpose more',
    'purposes: [support]',
    'purposes: [support, training]',
    /purpose-widened/,
  )
  await refused('a weaker mask', 'op: hmac', 'op: tokenise', /mask-weakened/)
}

async function planOf(text: string): Promise<{ readonly faults: readonly string[] }> {
  const response = await fetch(`http://${broker.addresses.registry}/contracts/plan`, {
    method: 'POST',
    body: JSON.stringify({ text, files: {} }),
    headers: { 'content-type': 'application/json' },
  })
  const { plan, issues } = (await response.json()) as {
    plan?: { faults: string[] }
    issues: { message: string }[]
  }
  return plan ?? { faults: issues.map(({ message }) => message) }
}
