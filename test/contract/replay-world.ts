/** A broker, its registry, and a folder of contracts: what the tests of replays stand on. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ReplaySummary } from '../../src/contract/replay/replay-report.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { here, typed, type Typed } from '../support/karst-command.ts'
import type { Shapes } from './shapes.ts'

export interface Line {
  readonly value: Buffer | null
  readonly key?: string
  readonly partition?: number
  readonly headers?: Readonly<Record<string, string | Buffer>>
  readonly timestamp?: number
}

export interface Registered {
  readonly id: number
  readonly guid: string
}

export interface ContractParts {
  readonly topic: string
  readonly encoding: string
  /** In the place of properties. */
  readonly shape?: { readonly type: string; readonly schema: string }
  readonly properties?: readonly string[]
  /** More custom properties, as YAML in a line. */
  readonly custom?: readonly string[]
}

export class ReplayWorld {
  readonly broker: BrokerProcess
  readonly #folder: string
  #topics = 0

  private constructor(broker: BrokerProcess, folder: string) {
    this.broker = broker
    this.#folder = folder
  }

  static async start(): Promise<ReplayWorld> {
    const broker = await BrokerProcess.start()
    return new ReplayWorld(broker, await mkdtemp(path.join(tmpdir(), 'karst-contract-')))
  }

  async close(): Promise<void> {
    await this.broker.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async freshTopic(): Promise<string> {
    const topic = `orders-${++this.#topics}`
    // Records are written as if in the past: retention must not take them.
    const flags = ['-p', '2', '-c', 'retention.ms=-1']
    const created = await here(this.broker.bootstrap, ['topic', 'create', topic, ...flags])
    assert.equal(created.code, 0, created.err)
    return topic
  }

  async write(topic: string, lines: readonly Line[]): Promise<void> {
    const text = lines.map(({ value, headers = {}, partition = 0, ...rest }) =>
      JSON.stringify({
        ...{ ...rest, partition, value: value === null ? null : jsonBytes(value) },
        headers: Object.entries(headers).map(([key, each]) => ({ key, value: jsonBytes(each) })),
      }),
    )
    const args = ['produce', topic, '--json']
    const sent = await here(this.broker.bootstrap, args, text.join('\n'))
    assert.equal(sent.code, 0, sent.err)
  }

  /** The registry's answer. */
  async asked(method: string, where: string, body?: object): Promise<unknown> {
    const response = await fetch(`http://${this.broker.addresses.registry}${where}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    })
    const answer: unknown = await response.json()
    assert.ok(response.ok, JSON.stringify(answer))
    return answer
  }

  /** All versions, each held against those before it by the registry. */
  async register(topic: string, { type, versions }: Shapes): Promise<Registered[]> {
    const registered: Registered[] = []
    const subject = `${topic}-value`
    await this.asked('PUT', `/config/${subject}`, { compatibility: 'BACKWARD_TRANSITIVE' })
    for (const { schema } of versions) {
      const body = { schemaType: type, schema }
      const { id } = (await this.asked('POST', `/subjects/${subject}/versions`, body)) as Registered
      const { guid } = (await this.asked('GET', `/schemas/ids/${id}`)) as Registered
      registered.push({ id, guid })
    }
    return registered
  }

  /** Its path. */
  async contractFile(parts: ContractParts): Promise<string> {
    const { topic, encoding, shape, properties = [], custom = [] } = parts
    const file = path.join(this.#folder, `${topic}.odcs.yaml`)
    const schemaFile = `${topic}.schema`
    if (shape !== undefined) await writeFile(path.join(this.#folder, schemaFile), shape.schema)
    const source = `{property: ai.schema, value: {type: ${shape?.type}, file: ${schemaFile}}}`
    const lines = [
      ...['apiVersion: v3.1.0', 'kind: DataContract', `id: ${topic}`, 'version: 12.0.0'],
      ...['status: active', 'schema:', '  - name: shop.order', `    physicalName: ${topic}`],
      ...(shape === undefined ? [] : [`    customProperties: [${source}]`]),
      ...(properties.length === 0 ? [] : ['    properties:']),
      ...properties.map((line) => `      - ${line}`),
      'customProperties:',
      `  - {property: ai.enforce, value: {onViolation: reject, encoding: ${encoding}}}`,
      ...custom.map((line) => `  - ${line}`),
    ]
    await writeFile(file, `${lines.join('\n')}\n`)
    return file
  }

  /** `karst contract test`, in this process: starting one for each would take a minute. */
  karst(...args: string[]): Promise<Typed> {
    return here(this.broker.bootstrap, this.#argsOf(args))
  }

  /** The same in a process of its own. */
  typed(...args: string[]): Promise<Typed> {
    return typed(this.broker.bootstrap, this.#argsOf(args))
  }

  #argsOf(args: readonly string[]): string[] {
    const registry = ['--registry', this.broker.addresses.registry]
    return ['contract', 'test', ...args, ...(args.includes('--registry') ? [] : registry)]
  }

  /** The report of a command that ends with this code. */
  async told(code: number, ...args: string[]): Promise<ReplaySummary> {
    const ran = await this.karst(...args, '--json')
    assert.equal(ran.code, code, `${ran.err}\n${ran.out}`)
    return JSON.parse(ran.out) as ReplaySummary
  }
}

const jsonBytes = (bytes: string | Buffer): unknown =>
  typeof bytes === 'string' ? bytes : { base64: bytes.toString('base64') }

/** As serializers of a registry put the id in front. */
export function framed(id: number, indexes: Buffer, payload: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeInt32BE(id, 1)
  return Buffer.concat([head, indexes, payload])
}

/** As they put the GUID into a header. */
export const guidHeader = (guid: string): Buffer =>
  Buffer.concat([Buffer.from([1]), Buffer.from(guid.replaceAll('-', ''), 'hex')])
