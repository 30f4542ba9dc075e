import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

test('what a broker imports to serve HTTP does not load undici', () => {
  const users = ['./node-http.ts', '../admin/admin-http.ts', '../telemetry/http-receiver.ts']
  const script = `
    for (const each of ${JSON.stringify(users.map((each) => import.meta.resolve(each)))}) {
      await import(each)
    }
    console.log(process.moduleLoadList.filter((name) => name.includes('undici')).join())`
  const args = ['--input-type=module', '-e', script]
  const loaded = execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 })
  assert.equal(loaded.trim(), '')
})
