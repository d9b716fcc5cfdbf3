import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ApiError, ConnectionError } from '@isthmus/kube'
import { whyUnreadable } from './link-reason.ts'

const request = { verb: 'list', resource: 'exportindexes.isthmus.dev', server: 'https://west.example' }
const failed = (cause: object) => new ConnectionError('https://west.example', 'list', { cause })
const answered = (code: number, message = 'no') => new ApiError(code, message, { request })

for (const [error, reason] of [
  [failed({ code: 'ECONNREFUSED' }), 'its API server refuses connections (ECONNREFUSED)'],
  [failed({ errors: [{ code: 'ECONNREFUSED' }] }), 'its API server refuses connections (ECONNREFUSED)'],
  [failed({ code: 'ENOTFOUND' }), 'the name of its API server cannot be resolved (ENOTFOUND)'],
  [
    failed({ code: 'CERT_HAS_EXPIRED' }),
    'the certificate of its API server is not accepted (CERT_HAS_EXPIRED)',
  ],
  [answered(401), 'its API server does not accept our credentials (401)'],
  [answered(403), 'we may not read its exchange (403 for exportindexes.isthmus.dev)'],
  [answered(404), 'Isthmus is not installed there (404 for exportindexes.isthmus.dev)'],
  [answered(503), 'its API server is overloaded or not ready (503)'],
  [answered(500, 'etcd is tired'), 'its API server answers 500: etcd is tired'],
] as const) {
  it(reason, () => assert.equal(whyUnreadable(error), reason))
}

it("a peer's words are cut to what stands in a table", () => {
  const reason = whyUnreadable(answered(500, 'tired '.repeat(2_000)))
  assert.match(reason, /^its API server answers 500: tired tired.*…$/)
  assert.ok(reason.length < 400, `${reason.length} characters`)
})
