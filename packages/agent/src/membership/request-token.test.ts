import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestToken } from './request-token.ts'

const answering = (status: number, body: unknown) => ({
  server: 'https://registry.example',
  raw: async () => ({ status, headers: {}, body: JSON.stringify(body) }),
})
const ask = (body: unknown) => requestToken(answering(201, body), 'registry', 'member-east')
const [token, expirationTimestamp] = ['a.b.c', '2026-11-23T08:00:00Z']

describe('a token that was asked for', () => {
  it('is taken as it is given', async () => {
    assert.deepEqual(await ask({ status: { token, expirationTimestamp } }), {
      token,
      expiresAt: expirationTimestamp,
    })
  })

  // It takes the place of the one there is, with which another could have been asked for.
  const UNUSABLE: [what: string, status: unknown][] = [
    ['without a token', { expirationTimestamp }],
    ['with a token that is none', { token: 'a b\r\nc', expirationTimestamp }],
    ['with an empty token', { token: '', expirationTimestamp }],
    ['that ends at no time', { token, expirationTimestamp: 'soon' }],
  ]
  for (const [what, status] of UNUSABLE) {
    it(`is not taken ${what}, nor told of`, async () => {
      await assert.rejects(ask({ status }), {
        name: 'ApiError',
        message: 'no token for registry/member-east',
      })
    })
  }
})
