import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressText, parseAddress } from './address.ts'

test('a URL is taken apart, with what it leaves out', () => {
  assert.deepEqual(parseAddress('postgres://karst@localhost/catalog'), {
    hosts: [{ host: 'localhost', port: 5432 }],
    database: 'catalog',
    user: 'karst',
    schema: 'karst',
    isPooled: false,
    tls: 'disable',
  })
  const query = 'schema=other&pooled=true&sslmode=verify-full&sslrootcert=/etc/ca.pem'
  const hosts = 'db1.example:5433,[::1]:5434,%2Frun%2Fpg'
  assert.deepEqual(parseAddress(`postgresql://u%40x:p%2F%3Aw@${hosts}/d?${query}`), {
    hosts: [
      { host: 'db1.example', port: 5433 },
      { host: '::1', port: 5434 },
      { host: '/run/pg', port: 5432 },
    ],
    database: 'd',
    user: 'u@x',
    password: 'p/:w',
    schema: 'other',
    isPooled: true,
    tls: 'verify-full',
    rootCertificates: '/etc/ca.pem',
  })
})

test('TLS is asked for where the network is', () => {
  const tls = (url: string) => parseAddress(url).tls
  assert.equal(tls('postgres://u@127.0.0.1/d'), 'disable')
  assert.equal(tls('postgres://u@db.example/d'), 'require')
  assert.equal(tls('postgres://u@localhost,db.example/d'), 'require')
  assert.equal(tls('postgres://u@db.example/d?sslrootcert=/ca'), 'verify-full')
  assert.equal(tls('postgres://u@db.example/d?sslmode=disable'), 'disable')
})

test('what is not understood is refused, and no message holds the password', () => {
  for (const [url, message] of [
    ['mysql://u:secret@h/d', /is not postgres:/],
    ['postgres://u:secret@h/', /names no database/],
    ['postgres://h/d', /names no user/],
    ['postgres://u:secret@h:0/d', /'h:0' is not host:port/],
    ['postgres://u:secret@h,/d', /'' is not host:port/],
    ['postgres://u:secret@h/d?sslmod=require', /knows no sslmod, but schema, pooled/],
    ['postgres://u:secret@h/d?sslmode=prefer', /must not depend on the server/],
    ['postgres://u:secret@h/d?schema=pg_catalog', /is not a name/],
    ['postgres://u:secret@h/d?pooled=1', /neither true nor false/],
    ['postgres://u:secret@h/d?target_session_attrs=any', /always read-write/],
    ['postgres://u:secret%2@h/d', /hexadecimal/],
  ] as const) {
    assert.throws(
      () => parseAddress(url),
      (error: unknown) => {
        assert.ok(error instanceof Error)
        assert.equal((error as { kind?: string }).kind, 'invalid')
        assert.match(error.message, message, url)
        assert.doesNotMatch(error.message, /secret/)
        return true
      },
    )
  }
  const text = addressText(parseAddress('postgres://u:secret@h/d'))
  assert.equal(text, 'PostgreSQL h:5432/d, schema karst')
})
