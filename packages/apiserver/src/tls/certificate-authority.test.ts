import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { CertificateAuthority } from './certificate-authority.ts'

const authority = await CertificateAuthority.create()

test('a server certificate is for its hosts and addresses, and no others', async () => {
  const { certificate } = await authority.issueServer(['localhost', '127.0.0.1', '::1', 'east.example'])
  const parsed = new X509Certificate(certificate)
  assert.ok(parsed.verify(new X509Certificate(authority.certificate).publicKey))
  for (const host of ['localhost', 'east.example']) assert.equal(parsed.checkHost(host), host)
  for (const address of ['127.0.0.1', '::1']) assert.equal(parsed.checkIP(address), address)
  assert.equal(parsed.checkHost('west.example'), undefined)
  assert.equal(parsed.ca, false)
})

test('a client certificate names user and groups, whatever is in them', async () => {
  const groups = ['system:masters', 'a, CN=b', 'ö+']
  const { certificate, privateKey } = await authority.issueClient({ username: 'alice, O=evil', groups })
  const parsed = new X509Certificate(certificate)
  assert.deepEqual(parsed.toLegacyObject().subject.CN, 'alice, O=evil')
  assert.deepEqual(parsed.toLegacyObject().subject.O, groups)
  assert.ok(privateKey.startsWith('-----BEGIN PRIVATE KEY-----'))
})

test('an authority that is loaded again signs what its certificate verifies', async () => {
  const loaded = await CertificateAuthority.load(authority.keyPair)
  const { certificate } = await loaded.issueClient({ username: 'alice', groups: [] })
  assert.ok(new X509Certificate(certificate).checkIssued(new X509Certificate(authority.certificate)))
})
