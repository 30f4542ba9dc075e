import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readOption } from './option.ts'
import { options, optionTable } from './options.ts'
import {
  configErrorText,
  flagOf,
  optionNames,
  parseConfig,
  variableOf,
  type ConfigSources,
} from './parse-config.ts'
import { parseProperties } from './properties.ts'

function load(sources: ConfigSources) {
  const parsed = parseConfig(sources)
  assert.ok(parsed.ok, parsed.ok ? '' : configErrorText(parsed.errors))
  return parsed
}
function errorsOf(sources: ConfigSources): string[] {
  const parsed = parseConfig(sources)
  assert.ok(!parsed.ok, 'it must be refused')
  return configErrorText(parsed.errors).split('\n')
}

test('defaults are what they themselves allow, and of the declared type', () => {
  const { config, origins } = load({})
  for (const name of optionNames) {
    const spec = optionTable[name]
    assert.ok(spec)
    assert.equal(config[name], options[name].default)
    assert.equal(origins[name].source, 'default')
    if (spec.default === undefined) continue
    assert.deepEqual(
      readOption(spec, String(spec.default)),
      { ok: true, value: spec.default },
      name,
    )
  }
  const bytes: number = config['journal.group.bytes']
  const level: 'debug' | 'info' | 'warn' | 'error' = config['log.level']
  const advertised: string | undefined = config['kafka.advertised']
  assert.deepEqual([bytes, level, advertised], [8_388_608, 'info', undefined])
  assert.ok(Object.isFrozen(config))
})

test('no two options share a flag or a variable', () => {
  assert.equal(new Set(optionNames.map(flagOf)).size, optionNames.length)
  assert.equal(new Set(optionNames.map(variableOf)).size, optionNames.length)
})

test('flags over environment over file over defaults, each with where it stands', () => {
  const file = {
    name: 'k.properties',
    text: '# mine\nnum.partitions = 2\nnode.id=3\nlog.level: warn',
  }
  const env = { KARST_NUM_PARTITIONS: '5', KARST_NODE_ID: '6', HOME: '/root' }
  const { config, origins } = load({ flags: { 'num-partitions': '8', data: undefined }, env, file })
  assert.equal(config['num.partitions'], 8)
  assert.deepEqual(origins['num.partitions'], { source: 'flag', where: '--num-partitions' })
  assert.equal(config['node.id'], 6)
  assert.deepEqual(origins['node.id'], { source: 'environment', where: 'KARST_NODE_ID' })
  assert.equal(config['log.level'], 'warn')
  assert.deepEqual(origins['log.level'], { source: 'file', where: 'k.properties:4' })
})

test('errors say which, where, what was given and what is allowed; all at once', () => {
  const file = { name: 'k.properties', text: 'num.partitons=2\nnonsense\nnode.id=1\nnode.id=2' }
  const env = { KARST_LOG_LEVEL: 'loud', KARST_DATADIR: '/x' }
  assert.deepEqual(errorsOf({ flags: { kafka: '9092' }, env, file }), [
    'k.properties (k.properties:2): not a line of the form name=value: "nonsense"',
    'k.properties (k.properties:4): node.id stands in line 3 already',
    'num.partitons (k.properties:1): there is no such option. Did you mean num.partitions?',
    'KARST_DATADIR (the environment): there is no such option. Did you mean KARST_DATA_DIR?',
    'log.level (KARST_LOG_LEVEL): "loud" is not allowed; it takes one of debug, info, warn, error',
    'kafka.listen (--kafka): "9092" is not allowed; it takes HOST:PORT, an IPv6 host in ' +
      'brackets, the port from 0 to 65535 (0: any free one)',
  ])
})

test('a name of the language is no option', () => {
  const file = { name: 'f', text: 'constructor=1\n__proto__=2' }
  assert.equal(errorsOf({ file }).length, 2)
})

test('what Kubernetes sets for a service called karst is no mistake', () => {
  load({
    env: {
      KARST_SERVICE_HOST: '10.0.0.1',
      KARST_SERVICE_PORT_KAFKA: '9092',
      KARST_PORT: 'tcp://10.0.0.1:9092',
      KARST_PORT_9092_TCP_ADDR: '10.0.0.1',
      KARST_CONFIG: 'x',
    },
  })
  const foreign = optionNames.filter((name) => /^KARST_(SERVICE|PORT)/.test(variableOf(name)))
  assert.deepEqual(foreign, [])
})

test('options that contradict each other are refused, with both named', () => {
  assert.deepEqual(errorsOf({ flags: { 'journal-group-bytes': '128MiB' } }), [
    'journal.group.bytes (--journal-group-bytes): 134217728 is more than journal.file.bytes ' +
      '(67108864): a group does not span files',
  ])
  const name = 'group.consumer.session.timeout.ms'
  const low = 'group.consumer.min.session.timeout.ms'
  assert.deepEqual(errorsOf({ file: { name: 'f', text: `${name}=5000\n${low}=5000` } }), [
    `group.consumer.heartbeat.interval.ms (default): 5000 is not less than ${name} (5000): ` +
      'or members would be gone between two heartbeats',
  ])
  assert.deepEqual(errorsOf({ file: { name: 'f', text: `${name}=44999` } }), [
    `${low} (default): 45000 is more than ${name} (44999): ` +
      'what all groups have must be allowed for one',
  ])
})

test('any text is read or refused, never thrown at', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...optionNames), (text, name) => {
      parseProperties(text)
      parseConfig({ file: { name: 'f', text }, env: { [variableOf(name)]: text } })
    }),
  )
})
