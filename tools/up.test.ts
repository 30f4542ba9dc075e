/** `karst up`, from outside: it says when it serves, and stops cleanly when it is told to. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { root } from './source-files.ts'

const names = ['kafka', 'http', 'otlp', 'registry']
const ready = new RegExp(`^ready ${names.map((name) => `${name}=127.0.0.1:(\\d+)`).join(' ')}$`)

test('a broker is ready on a new folder, and again on the same one after SIGTERM', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'karst-up-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  for (const round of ['new', 'existing']) {
    const anyPort = ['kafka', 'http', 'otlp-http', 'registry'].flatMap((flag) => [
      `--${flag}`,
      '127.0.0.1:0',
    ])
    const begun = performance.now()
    const broker = spawn(
      process.execPath,
      [join(root, 'bin', 'karst'), 'up', '--data', join(data, 'broker'), ...anyPort],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    t.after(() => broker.kill('SIGKILL'))
    const log: string[] = []
    broker.stderr.on('data', (chunk: Buffer) => log.push(chunk.toString()))
    const [line] = (await Promise.race([
      once(createInterface(broker.stdout), 'line'),
      once(broker, 'exit'),
    ])) as unknown[]
    assert.match(String(line), ready, log.join(''))
    t.diagnostic(`ready after ${Math.round(performance.now() - begun)} ms on a ${round} folder`)
    const [, , httpPort] = ready.exec(String(line)) ?? []
    assert.equal((await fetch(`http://127.0.0.1:${httpPort}/healthz`)).status, 200)
    broker.kill('SIGTERM')
    assert.deepEqual(await once(broker, 'exit'), [0, null], log.join(''))
  }
})
