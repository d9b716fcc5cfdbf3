/** What one member makes in its exchange so that another one can read it, and nothing else. */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { deliverCredential, installInto, issueCredential, removeReader } from '@isthmus/agent'
import {
  type Credential,
  EXCHANGE_NAMESPACE,
  EXPORT_INDEXES,
  LABEL_READER,
  NAMESPACES,
  READER_SLOTS,
  SECRETS,
  type Secret,
  secretValue,
} from '@isthmus/api'
import { isForbidden, isUnauthorized } from '@isthmus/kube'
import { securedCluster } from '../fixtures/secured-cluster.ts'
import { InterruptedError, Interruption } from './interrupting-client.ts'

const closings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close()
})

const WEST = { clusterId: 'west', profileUID: 'west-uid' }
const now = Date.parse('2026-11-22T08:00:00Z')

async function setUp() {
  const cluster = await securedCluster({ now: () => new Date(now) })
  closings.push(() => cluster.close())
  const { client, server, url, certificateAuthority } = cluster
  await installInto(client)
  const options = {
    client,
    exchangeNamespace: EXCHANGE_NAMESPACE,
    publisher: 'east',
    access: { server: url, certificateAuthority },
    now,
  }
  return { client, server, options, as: ({ token }: Credential) => cluster.connect(token) }
}

describe('the credential of a reader', () => {
  it('reads the exchange and its own Secret, which holds it', async () => {
    const { options, as } = await setUp()
    const credential = await issueCredential({ ...options, reader: WEST })
    await issueCredential({ ...options, reader: { clusterId: 'north', profileUID: 'north-uid' } })
    assert.deepEqual(
      { ...credential, token: '', certificateAuthority: '', server: '' },
      {
        publisher: 'east',
        reader: 'west',
        account: 'reader-1',
        namespace: EXCHANGE_NAMESPACE,
        token: '',
        expiresAt: '2026-11-23T08:00:00Z',
        issuedAt: '2026-11-22T08:00:00.000Z',
        server: '',
        certificateAuthority: '',
      },
    )
    const west = as(credential)
    await west.list(EXPORT_INDEXES, { namespace: EXCHANGE_NAMESPACE })
    const own = await west.get<Secret>(SECRETS, 'reader-1', EXCHANGE_NAMESPACE)
    assert.deepEqual(secretValue<Credential>(own), credential)
    await assert.rejects(west.get(SECRETS, 'reader-2', EXCHANGE_NAMESPACE), isForbidden)
    await assert.rejects(west.list(SECRETS, { namespace: EXCHANGE_NAMESPACE }), isForbidden)
  })

  it('is another token of the same account when it is issued again', async () => {
    const { options, as } = await setUp()
    const first = await issueCredential({ ...options, reader: WEST })
    const second = await issueCredential({ ...options, reader: WEST, now: now + 1000 })
    assert.equal(second.account, first.account)
    for (const credential of [first, second])
      await as(credential).list(EXPORT_INDEXES, { namespace: EXCHANGE_NAMESPACE })
  })

  it('is the same account for two that issue at once', async () => {
    const { options } = await setUp()
    const issued = await Promise.all([1, 2, 3].map(() => issueCredential({ ...options, reader: WEST })))
    assert.deepEqual(new Set(issued.map(({ account }) => account)), new Set(['reader-1']))
  })

  it('is worth nothing once its reader was removed, or another cluster got the id', async () => {
    const { options, client, as } = await setUp()
    const first = await issueCredential({ ...options, reader: WEST })
    const second = await issueCredential({ ...options, reader: { ...WEST, profileUID: 'another' } })
    await assert.rejects(as(first).list(EXPORT_INDEXES, { namespace: EXCHANGE_NAMESPACE }), isUnauthorized)
    await as(second).list(EXPORT_INDEXES, { namespace: EXCHANGE_NAMESPACE })
    const another = { ...WEST, profileUID: 'another' }
    await removeReader(client, EXCHANGE_NAMESPACE, second.account, WEST)
    await as(second).list(EXPORT_INDEXES, { namespace: EXCHANGE_NAMESPACE })
    await removeReader(client, EXCHANGE_NAMESPACE, second.account, another)
    await removeReader(client, EXCHANGE_NAMESPACE, second.account, another)
    await assert.rejects(as(second).list(EXPORT_INDEXES, { namespace: EXCHANGE_NAMESPACE }), isUnauthorized)
    const left = await client.list(SECRETS, { namespace: EXCHANGE_NAMESPACE, labelSelector: LABEL_READER })
    assert.deepEqual(left.items, [])
  })

  it('is refused when all slots are taken by others', async () => {
    const { options, server } = await setUp()
    for (let slot = 1; slot <= READER_SLOTS; slot++) {
      const metadata = { namespace: EXCHANGE_NAMESPACE, name: `reader-${slot}` }
      server.local.create({ group: '', plural: 'serviceaccounts' }, { metadata })
    }
    await assert.rejects(issueCredential({ ...options, reader: WEST }), { code: 'ISTHMUS_READERS_FULL' })
  })

  it('ends those before it once for each request to link anew, wherever that was interrupted', async () => {
    const { options, client, as } = await setUp()
    const read = (credential: Credential) =>
      as(credential).list(EXPORT_INDEXES, { namespace: EXCHANGE_NAMESPACE })
    let stolen = await issueCredential({ ...options, reader: WEST })
    const issue = { ...options, reader: WEST }
    for (let n = 0, more = true; more; n++) {
      const relink = { ...issue, relinkRequested: `T${n}` }
      const interrupted = { ...relink, client: new Interruption(n).of(client, n % 2 === 0) }
      more = await issueCredential(interrupted).then(
        () => false,
        error => {
          assert.ok(error instanceof InterruptedError, error)
          return true
        },
      )
      const next = await issueCredential(relink)
      await assert.rejects(read(stolen), isUnauthorized, `interrupted at request ${n}`)
      await read(next)
      assert.equal(next.account, 'reader-1')
      // It is answered: what is renewed after it takes nothing away.
      stolen = await issueCredential(relink)
      await read(next)
    }
    const { items } = await client.list(SECRETS, {
      namespace: EXCHANGE_NAMESPACE,
      labelSelector: LABEL_READER,
    })
    assert.equal(items.length, 1)
  })

  it('is laid into the registry for its reader', async () => {
    const { options, client } = await setUp()
    const namespace = 'clusterset-test'
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    const empty = { namespace, name: 'east.for.west' }
    await client.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: empty,
      type: 'isthmus.dev/credential',
    })
    const credential = await deliverCredential({
      ...options,
      reader: WEST,
      registry: { client, namespace },
      relinkRequested: 'T',
    })
    assert.deepEqual(
      secretValue<Credential>(await client.get(SECRETS, 'east.for.west', namespace)),
      credential,
    )
    const { metadata } = await client.get(SECRETS, 'reader-1', EXCHANGE_NAMESPACE)
    assert.deepEqual(metadata.annotations, {
      'isthmus.dev/delivered': credential.issuedAt,
      'isthmus.dev/issued-for': 'T',
      'isthmus.dev/relinked': 'T',
      'isthmus.dev/reader-profile': 'west-uid',
    })
    await deliverCredential({ ...options, reader: WEST, registry: { client, namespace }, now: now + 1000 })
  })

  it('is to be laid again where one for another request came between, which ended it', async () => {
    const { options, client } = await setUp()
    const registry = {
      namespace: 'clusterset-test',
      client: { update: async (_: unknown, o: object) => o as never },
    }
    const relinked = async () =>
      (await client.get(SECRETS, 'reader-1', EXCHANGE_NAMESPACE)).metadata.annotations?.[
        'isthmus.dev/relinked'
      ]
    await deliverCredential({ ...options, reader: WEST, registry, relinkRequested: 'S T' })
    assert.equal(await relinked(), 'S T')
    // An agent that has not seen the second request yet.
    await issueCredential({ ...options, reader: WEST, relinkRequested: 'S' })
    await issueCredential({ ...options, reader: WEST, relinkRequested: 'S T' })
    assert.equal(await relinked(), undefined)
    await deliverCredential({ ...options, reader: WEST, registry, relinkRequested: 'S T' })
    await issueCredential({ ...options, reader: WEST, relinkRequested: 'S T' })
    assert.equal(await relinked(), 'S T')
  })

  it('is not noted as laid where another was issued meanwhile', async () => {
    const { options, client } = await setUp()
    const registry = {
      namespace: 'clusterset-test',
      client: {
        update: async (_: unknown, object: object) => {
          await issueCredential({ ...options, reader: WEST, now: now + 1000 })
          return object as never
        },
      },
    }
    await deliverCredential({ ...options, reader: WEST, registry, relinkRequested: 'T' })
    const { metadata } = await client.get(SECRETS, 'reader-1', EXCHANGE_NAMESPACE)
    assert.equal(metadata.annotations?.['isthmus.dev/issued-for'], 'T')
    assert.equal(metadata.annotations?.['isthmus.dev/delivered'], undefined)
    assert.equal(metadata.annotations?.['isthmus.dev/relinked'], undefined)
  })
})
