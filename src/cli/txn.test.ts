/** `karst txn`: what is mistyped. The rest is in test/clients/txn-commands.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { here } from '../../test/support/karst-command.ts'

/** Where nobody answers: what was understood fails with 1. */
const nowhere = '127.0.0.1:1'

test('what is mistyped is not tried', async () => {
  for (const args of [
    ['list', 'name'],
    ['list', '--producer-id', 'x'],
    ['describe'],
    ['abort'],
    ['abort', 'a', 'b'],
    ['abort', 'a', '--topic', 't'],
    ['abort', '--topic', 't', '-p', '0'],
  ]) {
    assert.equal((await here(nowhere, ['txn', ...args])).code, 2, args.join(' '))
  }
})
