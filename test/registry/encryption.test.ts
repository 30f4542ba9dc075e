/** Fields that Confluent's client encrypts: the registry has the keys, and cannot read them. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { freshName, openTarget, type Target } from '../support/target.ts'
import { areTaken, enforceTopic } from './enforced-topic.ts'
import { clientsHome } from './homes.ts'

interface Client {
  register: (subject: string, schema: object) => Promise<number>
}

interface Rules {
  registerExecutor: (executor: object) => void
}

interface Serde {
  serialize: (topic: string, value: unknown) => Promise<Buffer>
  deserialize: (topic: string, bytes: Buffer) => Promise<unknown>
}

type SerdeOf = new (client: Client, serde: string, config: object, rules: Rules) => Serde

interface Module {
  readonly SchemaRegistryClient: new (config: object) => Client
  readonly SerdeType: { readonly VALUE: string }
  readonly AvroSerializer: SerdeOf
  readonly AvroDeserializer: SerdeOf
  readonly RuleRegistry: new () => Rules
  readonly FieldEncryptionExecutor: new () => object
  readonly LocalKmsDriver: { register: () => void }
}

const confluent = createRequire(path.join(clientsHome, 'package.json'))(
  '@confluentinc/schemaregistry',
) as Module

let target: Target

before(async () => {
  target = await openTarget()
  confluent.LocalKmsDriver.register()
})
after(() => target.close())

/** As a process of its own would have it: its own client, executor and keys in memory. */
function side(Kind: SerdeOf, baseURL: string, secret: string): Serde {
  const client = new confluent.SchemaRegistryClient({ baseURLs: [baseURL] })
  const rules = new confluent.RuleRegistry()
  rules.registerExecutor(new confluent.FieldEncryptionExecutor())
  const config = { useLatestVersion: true, ruleConfig: { secret } }
  return new Kind(client, confluent.SerdeType.VALUE, config, rules)
}

const schema = JSON.stringify({
  type: 'record',
  name: 'Person',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'mail', type: 'string', 'confluent:tags': ['PII'] },
  ],
})
const person = { id: 'p-1', mail: 'a@example.org' }

for (const algorithm of ['AES256_GCM', 'AES256_SIV']) {
  test(`${algorithm}: what one client encrypts another decrypts`, async () => {
    const topic = freshName('encrypted')
    const kekName = `kek-${algorithm}-${process.pid}`
    const params = {
      'encrypt.kek.name': kekName,
      'encrypt.kms.type': 'local-kms',
      'encrypt.kms.key.id': 'key-1',
      'encrypt.dek.algorithm': algorithm,
    }
    const rule = { name: 'mail', kind: 'TRANSFORM', mode: 'WRITEREAD', type: 'ENCRYPT', params }
    const ruleSet = { domainRules: [{ ...rule, tags: ['PII'], onFailure: 'ERROR,ERROR' }] }
    // The broker sees the fields that are not encrypted, and that the others are text.
    await enforceTopic(target, topic, { type: 'AVRO', text: schema, rules: '[]' })
    const [one, other = one] = target.registries as [string, ...string[]]
    const registrar = new confluent.SchemaRegistryClient({ baseURLs: [`http://${one}`] })
    await registrar.register(`${topic}-value`, { schema, schemaType: 'AVRO', ruleSet })
    const writer = side(confluent.AvroSerializer, `http://${one}`, 'a secret')
    const bytes = await writer.serialize(topic, { ...person })
    assert.ok(bytes.includes(person.id))
    assert.ok(!bytes.includes(person.mail), 'the tagged field is not in the clear')
    assert.deepEqual(await areTaken(target.bootstrap, topic, [{ value: bytes }]), [true])

    const elsewhere = `http://${other.replace('127.0.0.1', 'localhost')}`
    const reader = side(confluent.AvroDeserializer, elsewhere, 'a secret')
    const read = (await reader.deserialize(topic, bytes)) as typeof person
    assert.deepEqual({ ...read }, person)

    const keks = `http://${other}/dek-registry/v1/keks`
    const dek = (await (
      await fetch(`${keks}/${kekName}/deks/${topic}-value?algorithm=${algorithm}`)
    ).json()) as Record<string, unknown>
    assert.equal(dek['algorithm'], algorithm)
    assert.equal(dek['keyMaterial'], undefined, 'no key in the clear')
    assert.ok(Buffer.from(String(dek['encryptedKeyMaterial']), 'base64').length > 32)
  })
}
