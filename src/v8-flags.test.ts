import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'
import { v8Flags } from './v8-flags.ts'

test('V8 knows the flags that are set: it says nothing of others', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  for (const flag of v8Flags) assert.match(known, new RegExp(`^ +${flag} `, 'm'))
})
