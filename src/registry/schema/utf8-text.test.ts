import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8Text } from './utf8-text.ts'

const read = (text: string | readonly number[]): string | undefined => {
  const bytes = Buffer.from(text)
  return utf8Text(Buffer.concat([Buffer.from('<'), bytes, Buffer.from('>')]), 1, bytes.length + 1)
}

test('text is what it was, in any letters', () => {
  for (const text of ['', 'abc', 'ä', 'a😀b', '\u0000\u007f', '\ufeffx'])
    assert.equal(read(text), text)
})

test('what is not UTF-8 is no text', () => {
  for (const bytes of [[0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]])
    assert.equal(read(bytes), undefined)
})
