import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrokerLayers } from '../config/config-rows.ts'
import { parseConfig } from '../config/parse-config.ts'
import { GroupSettings } from './group-settings.ts'

/** Configs as a test sets them. */
class Texts {
  readonly groups = new Map<string, Readonly<Record<string, string>>>()
  intervalMs: number | undefined
  #layers: BrokerLayers = []

  own({ name }: { readonly name: string }): Readonly<Record<string, string>> {
    return this.groups.get(name) ?? none
  }

  integer(_name: string, standard: number): number {
    return this.intervalMs ?? standard
  }

  layers(): BrokerLayers {
    return this.#layers
  }

  changed(): void {
    this.#layers = []
  }
}

const none = {}

function settingsOf(text: string): { settings: GroupSettings; texts: Texts } {
  const loaded = parseConfig({ file: { name: 'f', text } })
  assert.ok(loaded.ok)
  const texts = new Texts()
  return { settings: new GroupSettings(loaded.config, texts), texts }
}

test('a group has what was set for it, others what the broker says', () => {
  const { settings, texts } = settingsOf('group.consumer.assignors=range')
  texts.groups.set('g', { 'consumer.session.timeout.ms': '50000' })
  assert.equal(settings.of('g').consumerSessionTimeoutMs, 50_000)
  assert.equal(settings.of('g').consumerHeartbeatIntervalMs, 5_000)
  assert.equal(settings.of('h').consumerSessionTimeoutMs, 45_000)
  assert.equal(settings.of('h'), settings.broker, 'made once')
  assert.equal(settings.of('g'), settings.of('g'), 'made once')
  assert.deepEqual(settings.of('g').consumerAssignors, ['range'])
  texts.groups.set('g', { 'consumer.heartbeat.interval.ms': '7000' })
  assert.equal(settings.of('g').consumerSessionTimeoutMs, 45_000)
  assert.equal(settings.of('g').consumerHeartbeatIntervalMs, 7_000)
})

test('what is outside of the broker’s bounds counts as the nearest inside', () => {
  const { settings, texts } = settingsOf('group.consumer.max.assignment.interval.ms=2000')
  texts.groups.set('g', {
    'consumer.session.timeout.ms': '5',
    'consumer.heartbeat.interval.ms': '100000',
    'consumer.assignment.interval.ms': '3000',
  })
  const { consumerSessionTimeoutMs, consumerHeartbeatIntervalMs, consumerAssignmentIntervalMs } =
    settings.of('g')
  assert.deepEqual(
    [consumerSessionTimeoutMs, consumerHeartbeatIntervalMs, consumerAssignmentIntervalMs],
    [45_000, 15_000, 2_000],
  )
})

test('what is live in the broker is so for its groups', () => {
  const { settings, texts } = settingsOf('')
  texts.groups.set('g', { 'consumer.session.timeout.ms': '50000' })
  assert.equal(settings.of('g').consumerAssignmentIntervalMs, 1_000)
  texts.intervalMs = 20_000
  texts.changed()
  assert.equal(settings.of('g').consumerAssignmentIntervalMs, 15_000)
  assert.equal(settings.broker.consumerAssignmentIntervalMs, 15_000)
})
