/** What every disk must do, run on each adapter. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import type { FailureKind } from '../base/errors.ts'
import type { Disk, DiskFile } from './disk.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

async function textOf(file: DiskFile, position: number, length: number): Promise<string> {
  const into = new Uint8Array(length)
  return new TextDecoder().decode(into.subarray(0, await file.read(into, position)))
}

const failsWith = (kind: FailureKind) => (error: unknown) => isFailure(error, kind)

/** `open` gives a disk and an empty folder on it. */
export function diskContract(
  name: string,
  open: () => Promise<{ readonly disk: Disk; readonly folder: string }>,
): void {
  test(`${name}: chunks are written one behind the other and read back`, async () => {
    const { disk, folder } = await open()
    const file = await disk.open(`${folder}/a`, 'create')
    await file.write([bytesOf('abc'), bytesOf(''), bytesOf('defg')], 2)
    await file.sync()
    assert.equal(await file.size(), 9)
    assert.equal(await textOf(file, 2, 7), 'abcdefg')
    assert.equal(await textOf(file, 0, 3), '\0\0a')
    assert.equal(await textOf(file, 7, 100), 'fg', 'fewer bytes at the end')
    assert.equal(await textOf(file, 100, 1), '')
    await file.close()
  })

  test(`${name}: more chunks than one call takes are written whole`, async () => {
    const { disk, folder } = await open()
    const file = await disk.open(`${folder}/many`, 'create')
    const chunks = Array.from({ length: 2500 }, (_, at) => bytesOf(String(at).padStart(5, '0')))
    await file.write(chunks, 0)
    assert.equal(await file.size(), 12_500)
    assert.equal(await textOf(file, 2499 * 5, 5), '02499')
    assert.equal(await textOf(file, 1024 * 5, 5), '01024')
    await file.close()
  })

  test(`${name}: overwriting changes what it covers alone`, async () => {
    const { disk, folder } = await open()
    const file = await disk.open(`${folder}/a`, 'create')
    await file.write([bytesOf('0123456789')], 0)
    await file.write([bytesOf('xy')], 4)
    await file.close()
    const again = await disk.open(`${folder}/a`, 'write')
    assert.equal(await textOf(again, 0, 10), '0123xy6789')
    await again.close()
  })

  test(`${name}: opening refuses what is there, and what is not`, async () => {
    const { disk, folder } = await open()
    await assert.rejects(disk.open(`${folder}/a`, 'read'), failsWith('not-found'))
    await assert.rejects(disk.open(`${folder}/a`, 'write'), failsWith('not-found'))
    await (await disk.open(`${folder}/a`, 'create')).close()
    await assert.rejects(disk.open(`${folder}/a`, 'create'), failsWith('conflict'))
    await assert.rejects(disk.open(`${folder}/none/a`, 'create'), failsWith('not-found'))
  })

  test(`${name}: renaming replaces, removing is harmless twice, listing is by name`, async () => {
    const { disk, folder } = await open()
    for (const name of ['b', 'a', 'c']) {
      const file = await disk.open(`${folder}/${name}`, 'create')
      await file.write([bytesOf(name.repeat(3))], 0)
      await file.close()
    }
    await disk.rename(`${folder}/c`, `${folder}/a`)
    await disk.syncFolder(folder)
    assert.deepEqual(await disk.names(folder), ['a', 'b'])
    const file = await disk.open(`${folder}/a`, 'read')
    assert.equal(await textOf(file, 0, 3), 'ccc')
    await file.close()
    await disk.remove(`${folder}/b`)
    await disk.remove(`${folder}/b`)
    const listed = await disk.list(folder)
    assert.deepEqual(
      listed.map(({ name, size }) => ({ name, size })),
      [{ name: 'a', size: 3 }],
    )
    await assert.rejects(disk.rename(`${folder}/b`, `${folder}/d`), failsWith('not-found'))
  })

  test(`${name}: folders are made with their parents and are no files`, async () => {
    const { disk, folder } = await open()
    assert.deepEqual(await disk.list(`${folder}/x/y`), [])
    await disk.makeFolder(`${folder}/x/y`)
    await disk.makeFolder(`${folder}/x/y`)
    await (await disk.open(`${folder}/x/y/z`, 'create')).close()
    assert.deepEqual(await disk.names(`${folder}/x/y`), ['z'])
    assert.deepEqual(await disk.names(`${folder}/x`), [])
    assert.equal((await disk.stat(`${folder}/x/y/z`))?.size, 0)
    assert.equal(await disk.stat(`${folder}/x/y/none`), undefined)
    assert.ok((await disk.freeBytes(folder)) > 0)
    const volume = await disk.volume(folder)
    assert.ok(volume.freeBytes > 0 && volume.totalBytes >= volume.freeBytes)
    assert.ok(volume.folder.endsWith(folder))
  })

  test(`${name}: a removed file can be read by who holds it open`, async () => {
    const { disk, folder } = await open()
    const file = await disk.open(`${folder}/a`, 'create')
    await file.write([bytesOf('held')], 0)
    await disk.remove(`${folder}/a`)
    assert.equal(await textOf(file, 0, 4), 'held')
    await file.close()
  })
}
