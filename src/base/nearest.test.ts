import assert from 'node:assert/strict'
import { test } from 'node:test'
import { didYouMean, nearest } from './nearest.ts'

const names = ['topic', 'produce', 'consume', 'group', 'config', 'up']

test('finds what was meant', () => {
  assert.equal(nearest('tpoic', names), 'topic')
  assert.equal(nearest('Consum', names), 'consume')
  assert.equal(nearest('group', names), 'group')
  assert.equal(nearest('pu', names), 'up')
})

test('does not guess where nothing is near', () => {
  assert.equal(nearest('explode', names), undefined)
  assert.equal(didYouMean('explode', names), '')
  assert.equal(didYouMean('confg', names), ' Did you mean config?')
})
