import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { diskContract } from './disk-contract.ts'
import { diskFailure, nodeDisk } from './node-disk.ts'

const root = await mkdtemp(join(tmpdir(), 'karst-disk-'))
let folders = 0
after(() => rm(root, { recursive: true }))

diskContract('node disk', async () => {
  const folder = join(root, String(folders++))
  await nodeDisk.makeFolder(folder)
  return { disk: nodeDisk, folder }
})

test('errors of the operating system have kinds', () => {
  const kindOf = (code: string): string =>
    diskFailure(Object.assign(new Error(code), { code }), 'write a').kind
  assert.equal(kindOf('ENOSPC'), 'overloaded')
  assert.equal(kindOf('EDQUOT'), 'overloaded')
  assert.equal(kindOf('ENOENT'), 'not-found')
  assert.equal(kindOf('EEXIST'), 'conflict')
  assert.equal(kindOf('EIO'), 'unavailable')
  assert.equal(diskFailure('odd', 'write a').kind, 'unavailable')
})

test('a folder that is a file is no folder', async () => {
  const path = join(root, 'file')
  await (await nodeDisk.open(path, 'create')).close()
  await assert.rejects(nodeDisk.makeFolder(join(path, 'below')), { name: 'Failure' })
  await assert.rejects(nodeDisk.names(path), { name: 'Failure', kind: 'unavailable' })
})
