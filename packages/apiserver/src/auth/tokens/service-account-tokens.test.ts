import assert from 'node:assert/strict'
import { beforeEach, suite, test } from 'node:test'
import type { StoredObject } from '../../registry/definition.ts'
import { Storage } from '../../storage/storage.ts'
import { BINDABLE, type Bindable, SERVICE_ACCOUNTS } from './bound-objects.ts'
import { createSigningKey, loadSigningKey, signingKeyPem, signToken } from './jwt.ts'
import {
  DEFAULT_ISSUER,
  InvalidToken,
  ServiceAccountTokens,
  type TokenSubject,
} from './service-account-tokens.ts'

const START = Date.parse('2026-01-01T00:00:00Z')
const PODS = BINDABLE.get('Pod') as Bindable
const key = createSigningKey()

const object = (kind: string, name: string, uid: string): StoredObject => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    name,
    namespace: 'a',
    uid,
    resourceVersion: '',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
})

suite('tokens of ServiceAccounts', () => {
  let storage: Storage
  let tokens: ServiceAccountTokens
  let account: StoredObject
  let now: number

  beforeEach(() => {
    now = START
    storage = new Storage()
    tokens = new ServiceAccountTokens({ storage, key, now: () => new Date(now) })
    account = storage.create(SERVICE_ACCOUNTS, object('ServiceAccount', 'u', 'uid-1'))
  })

  const issue = (more: Partial<TokenSubject> = {}): string =>
    tokens.issue({ account, audiences: [DEFAULT_ISSUER], expirationSeconds: 600, ...more }).token
  const remove = (kind: 'ServiceAccount' | 'Pod', name: string) => {
    const of = kind === 'Pod' ? PODS.key : SERVICE_ACCOUNTS
    storage.delete(of, 'a', name, storage.get(of, 'a', name)?.metadata.resourceVersion ?? '')
  }
  const refused = (token: string, reason: RegExp, audiences?: string[]) =>
    assert.throws(
      () => tokens.verify(token, audiences),
      (e: unknown) => e instanceof InvalidToken && reason.test(e.message),
    )

  test('stand for the account, with its groups', () => {
    const { user, audiences } = tokens.verify(issue())
    assert.equal(user.username, 'system:serviceaccount:a:u')
    assert.equal(user.uid, 'uid-1')
    assert.deepEqual(user.groups, [
      'system:serviceaccounts',
      'system:serviceaccounts:a',
      'system:authenticated',
    ])
    assert.match(user.extra?.['authentication.kubernetes.io/credential-id']?.[0] ?? '', /^JTI=[0-9a-f-]{36}$/)
    assert.deepEqual(audiences, [DEFAULT_ISSUER])
  })

  test('end at their time, give or take a minute', () => {
    const token = issue()
    now = START + 659_000
    tokens.verify(token)
    now = START + 661_000
    refused(token, /has expired/)
    now = START - 61_000
    refused(token, /not valid yet/)
  })

  test('are for their audiences alone', () => {
    const token = issue({ audiences: ['vault', 'other'] })
    refused(token, /token audiences \["vault" "other"\] is invalid for the target audiences/)
    assert.deepEqual(tokens.verify(token, ['other', 'third']).audiences, ['other'])
  })

  test('die with the account, even if another comes in its place', () => {
    const token = issue()
    tokens.verify(token)
    remove('ServiceAccount', 'u')
    refused(token, /serviceaccounts "u" not found/)
    storage.create(SERVICE_ACCOUNTS, object('ServiceAccount', 'u', 'uid-2'))
    refused(token, /UID \(uid-2\) does not match claim \(uid-1\)/)
  })

  test('die with the Pod that they are bound to', () => {
    const pod = storage.create(PODS.key, object('Pod', 'p', 'uid-p'))
    const token = issue({ bound: { to: PODS, object: pod } })
    assert.deepEqual(tokens.verify(token).user.extra?.['authentication.kubernetes.io/pod-uid'], ['uid-p'])
    remove('Pod', 'p')
    refused(token, /has been invalidated/)
    storage.create(PODS.key, object('Pod', 'p', 'uid-q'))
    refused(token, /has been invalidated/)
  })

  test('die with a Pod that is being deleted, a minute later', () => {
    const pod = storage.create(PODS.key, object('Pod', 'p', 'uid-p'))
    const token = issue({ bound: { to: PODS, object: pod } })
    const going = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
    storage.update(PODS.key, going, pod.metadata.resourceVersion)
    tokens.verify(token)
    now = START + 61_000
    refused(token, /has been invalidated/)
  })

  test('survive a restart with the same key', () => {
    const again = new ServiceAccountTokens({
      storage,
      key: loadSigningKey(signingKeyPem(key)),
      now: () => new Date(now),
    })
    assert.equal(again.verify(issue()).user.uid, 'uid-1')
  })

  test('cannot be made up', () => {
    const [header = '', claims = '', signature = ''] = issue().split('.')
    const forged = Buffer.from(JSON.stringify({ alg: 'none', kid: key.id })).toString('base64url')
    const admin = Buffer.from(
      Buffer.from(claims, 'base64url').toString().replaceAll('"u"', '"admin"'),
    ).toString('base64url')
    for (const token of [
      'nonsense',
      'a.b.c',
      '',
      `${header}.${claims}.`,
      `${header}.${claims}`,
      `${forged}.${claims}.`,
      `${forged}.${claims}.${signature}`,
      `${header}.${admin}.${signature}`,
      `${header}.${claims}.${signature}.x`,
      'x'.repeat(100_000),
      signToken(createSigningKey(), JSON.parse(Buffer.from(claims, 'base64url').toString())),
      signToken(key, { iss: 'https://elsewhere', sub: 'system:serviceaccount:a:u' }),
      signToken(key, {}),
    ]) {
      refused(token, /^invalid bearer token$/)
    }
  })
})
