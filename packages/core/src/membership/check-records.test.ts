import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkAccess } from './check-access.ts'
import { checkCredential } from './check-credential.ts'
import { checkMembershipRecord, checkPinnedPeer, checkRegistryAccess } from './check-records.ts'

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
const access = {
  server: 'https://west.example:6443',
  certificateAuthority: PEM,
  tlsServerName: 'west.internal',
}
const credential = {
  ...access,
  publisher: 'west',
  reader: 'east',
  account: 'reader-7',
  namespace: 'isthmus-exchange',
  token: 'a.b-c_d',
  expiresAt: '2026-11-23T08:00:00Z',
  issuedAt: '2026-11-22T08:00:00.000Z',
}
const pin = {
  clusterId: 'west',
  profileUID: '1b2c',
  access,
  exchangeNamespace: 'isthmus-exchange',
  pinnedAt: '2026-11-22T08:00:00Z',
  credential,
}
const expected = { publisher: 'west', reader: 'east' }

describe('what came from elsewhere', () => {
  it('is taken when it is well-formed, without what was added to it', () => {
    assert.deepEqual(checkCredential({ ...credential, extra: 1 }, expected), credential)
    assert.deepEqual(checkPinnedPeer({ ...pin, extra: 1 }, 'west', 'east'), pin)
    const { publisher: _, reader: __, account: ___, ...registry } = credential
    assert.deepEqual(checkRegistryAccess({ ...registry, extra: 1 }), registry)
    const record = {
      clusterset: 'prod',
      clusterId: 'east',
      profileUID: '1b2c',
      joinedAt: '2026-11-22T08:00:00Z',
      state: 'member',
      access,
    }
    assert.deepEqual(checkMembershipRecord({ ...record, extra: 1 }), record)
  })

  const badAccess: [string, unknown][] = [
    ['plain HTTP', { server: 'http://west.example' }],
    ['a user in the URL', { server: 'https://me@west.example' }],
    ['a query', { server: 'https://west.example/?a=b' }],
    ['no URL', { server: 'west.example' }],
    ['a file', { server: 'file:///etc/passwd' }],
    ['no text', { server: ['https://west.example'] }],
    ['a server name with a space', { ...access, tlsServerName: 'a b' }],
    ['an authority that is none', { ...access, certificateAuthority: 'x' }],
    ['a key', { ...access, certificateAuthority: PEM.replaceAll('CERTIFICATE', 'PRIVATE KEY') }],
    ['an authority without end', { ...access, certificateAuthority: PEM.repeat(2000) }],
  ]
  for (const [name, value] of badAccess)
    it(`is not taken with ${name}`, () => assert.equal(checkAccess(value), undefined))

  const badCredentials: [string, object][] = [
    ['another publisher', { publisher: 'north' }],
    ['another reader', { reader: 'north' }],
    ['an account that is no reader', { account: '../secrets' }],
    ['an account of no slot', { account: 'reader-501' }],
    ['a token that ends the header', { token: 'a\r\nx-evil: 1' }],
    ['a time that is none', { expiresAt: 'never' }],
    ['a namespace that is none', { namespace: 'kube-system/secrets' }],
  ]
  for (const [name, change] of badCredentials)
    it(`is not taken with ${name}`, () =>
      assert.equal(checkCredential({ ...credential, ...change }, expected), undefined))

  it('is not taken for another exchange than the one that is pinned', () => {
    assert.equal(checkCredential(credential, { ...expected, namespace: 'other' }), undefined)
    assert.equal(
      checkPinnedPeer({ ...pin, exchangeNamespace: 'other' }, 'west', 'east')?.credential,
      undefined,
    )
  })

  it('does no harm, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), value => {
        checkAccess(value)
        checkCredential(value, expected)
        checkPinnedPeer(value, 'west', 'east')
        checkRegistryAccess(value)
        checkMembershipRecord(value)
      }),
    )
  })
})
