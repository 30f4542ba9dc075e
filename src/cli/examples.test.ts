/** The examples of all help texts are understood as they are typed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { here } from '../../test/support/karst-command.ts'
import { commands } from './commands.ts'
import type { CommandTable } from './dispatch.ts'

/** Where nobody answers: what was understood fails with 1, what was not with 2. */
const nowhere = '127.0.0.1:1'

async function helpTexts(table: CommandTable): Promise<string[]> {
  const texts: string[] = []
  for (const load of Object.values(table)) {
    const { help, front } = await load()
    if (front === undefined) texts.push(help)
    else texts.push(...(await helpTexts(front.commands)))
  }
  return texts
}

test('the examples of every command that asks a broker', async () => {
  const help = (await helpTexts(commands)).join('\n')
  const examples = [...help.matchAll(/^ {2}karst (.*)$/gm)]
    .map(([, typed = '']) => typed.replace(/ [<|] .*/, '').replaceAll(/--bootstrap \S+/g, ''))
    .filter((typed) => /^(topic|produce|consume|group|txn|quota|quarantine) /.test(typed))
  assert.ok(examples.length > 20, `only ${examples.length} found`)
  for (const example of examples) {
    const { code, err } = await here(
      nowhere,
      example.split(' ').filter((word) => word !== ''),
    )
    assert.equal(code, 1, `karst ${example}: ${err}`)
    assert.match(err, /127\.0\.0\.1:1 does not answer/)
  }
})
