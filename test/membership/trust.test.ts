/** What a registry can do to a link, what only its two ends or an administrator can, and how it is told and mended. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  AGENT_NAMESPACE,
  CLUSTER_PROFILES,
  type ClusterProfile,
  CONFIG_MAPS,
  type ConfigMap,
  type Credential,
  configMapData,
  configMapValue,
  EVENTS,
  EXCHANGE_NAMESPACE,
  EXPORT_INDEXES,
  type MembershipRecord,
  type PinnedPeer,
  REGISTRY_SECRET_NAME,
  type RegistryAccess,
  SECRETS,
  type Secret,
  secretValue,
} from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { isUnauthorized } from '@isthmus/kube'
import { until } from '../fixtures/until.ts'
import { accountOf } from './account-of.ts'
import { REGISTRY_NAMESPACE, RunningSet } from './running-set.ts'

const HOUR = 3_600_000
const SERVICE_ACCOUNTS = { group: '', plural: 'serviceaccounts' }

let set: RunningSet
async function start(): Promise<void> {
  set = await RunningSet.start('east', 'west')
  await set.namespace('east', 'west')
  await set.export('west', 'hello', '10.2.0.1')
  await set.linked('east', 'west')
  await until('reached', async () => (await set.reached('east', 'hello')).length === 1)
}
const stop = () => set.stop()

/** As somebody who may write everything in the registry. */
async function changeProfile(id: string, change: (status: NonNullable<ClusterProfile['status']>) => void) {
  const profile = await set.registry.client.get(CLUSTER_PROFILES, id, REGISTRY_NAMESPACE)
  const status = structuredClone(profile.status ?? {})
  change(status)
  await set.registry.client.updateStatus(CLUSTER_PROFILES, { ...profile, status })
}

async function pin(id = 'east', peer = 'west'): Promise<PinnedPeer | undefined> {
  const secret = await set.member(id).client.get<Secret>(SECRETS, `peer-${peer}`, AGENT_NAMESPACE)
  return secretValue<PinnedPeer>(secret)
}

async function registryToken(id: string): Promise<string> {
  const secret = await set.member(id).client.get<Secret>(SECRETS, REGISTRY_SECRET_NAME, AGENT_NAMESPACE)
  return secretValue<RegistryAccess>(secret)?.token ?? ''
}

function notices(id = 'east'): string {
  const { membership } = set.member(id).agent?.status() ?? {}
  return [...(membership?.peers.flatMap(peer => peer.notices) ?? []), ...(membership?.notices ?? [])].join(
    '\n',
  )
}

/** What is running ends, as when a connection breaks. */
function cutWatches(id: string): void {
  const { faults } = set.member(id).server
  faults.restore(faults.snapshot())
}

async function moveTo(id: string, server: string): Promise<void> {
  const { client } = set.member(id)
  const object = await client.get<ConfigMap>(CONFIG_MAPS, 'membership', AGENT_NAMESPACE)
  const record = configMapValue<MembershipRecord>(object)
  if (record === undefined) throw new Error('it is no member')
  await client.update(CONFIG_MAPS, {
    ...object,
    ...configMapData({ ...record, access: { ...record.access, server } }),
  })
}

before(start)
after(stop)

describe('a registry that lies', () => {
  it('cannot redirect a link', async () => {
    const before = await pin()
    // Its own agent, which speaks for it, would correct what is said of it.
    await set.stopAgent('west')
    await changeProfile('west', status => {
      const provider = status.accessProviders?.find(({ name }) => name === 'isthmus.dev')
      if (provider !== undefined) provider.cluster.server = 'https://evil.example'
    })
    await set.eventually('held', () => /https:\/\/evil\.example in place of .*: held/.test(notices()))
    await set.eventually('an event', async () => {
      const { items } = await set.member('east').client.list(EVENTS, { namespace: AGENT_NAMESPACE })
      return items.some(({ reason, note }) => reason === 'PeerChangeHeld' && note?.includes('evil.example'))
    })
    await set.stopAgent('east')
    await set.startAgent('east')
    await until('it reads west as before', () => set.link('east').west !== undefined)
    assert.deepEqual((await pin())?.access, before?.access)
    await set.startAgent('west')
    await set.linked('east', 'west')
    await set.eventually('corrected', async () => {
      const { status } = await set.registry.client.get(CLUSTER_PROFILES, 'west', REGISTRY_NAMESPACE)
      return status?.accessProviders?.[0]?.cluster.server === set.member('west').url
    })
    await set.eventually('no longer held', () => notices() === '')
  })
})

describe('a registry that asks for new credentials all the time', () => {
  it('gets a few, of which the last is good', async () => {
    let issued = 0
    const counted = set.member('west').server.faults.add({
      match: (attributes, request) => {
        const isToken = 'resource' in attributes && attributes.subresource === 'token'
        if (isToken && accountOf(request).endsWith(':isthmus-agent')) issued++
        return false
      },
      effect: effects.stall(),
    })
    set.pass(10 * 60_000)
    let asked = 0
    const ask = async () => {
      const annotations = { 'isthmus.dev/relink-requested': `again ${++asked}` }
      await set.registry.client.patch(CLUSTER_PROFILES, 'east', REGISTRY_NAMESPACE, {
        metadata: { annotations },
      })
    }
    await until('it is told', async () => {
      await ask()
      return /it gets no credential from us: it was asked for too often/.test(notices('west'))
    })
    for (let more = 0; more < 20; more++) await ask()
    assert.ok(asked > 20)
    assert.equal(issued, 5)
    const hasTheLast = async () => {
      const { account = '', token } = (await pin())?.credential ?? {}
      const stored = await set.member('west').client.get<Secret>(SECRETS, account, EXCHANGE_NAMESPACE)
      return token === secretValue<Credential>(stored)?.token && set.link('east').west === 'connected'
    }
    cutWatches('west')
    await until('it reads with the last', hasTheLast)
    await set.eventually('the next one comes', () => issued === 6)
    await set.eventually('nothing is told any more', () => notices('west') === '')
    cutWatches('west')
    await set.eventually('it reads with that', hasTheLast)
    counted.remove()
  })
})

describe('a member that moves', () => {
  it('is followed, as its own credential over the old link says so', async () => {
    const { url } = set.member('west')
    const elsewhere = url.replace('127.0.0.1', 'localhost')
    await moveTo('west', elsewhere)
    await set.eventually('followed', async () => (await pin())?.access.server === elsewhere)
    await set.eventually('linked there', () => {
      const link = set.member('east').agent?.status().links[0]
      return link?.state === 'connected' && link.server === elsewhere
    })
    await set.eventually('nothing is held', () => notices() === '')
    assert.deepEqual(await set.reached('east', 'hello'), ['west: 10.2.0.1'])
  })

  it('is not followed to where nobody answers', async () => {
    const before = await pin()
    await moveTo('west', 'https://127.0.0.1:9')
    await set.eventually('told', () =>
      /it says that it moved to https:\/\/127\.0\.0\.1:9, but there: its API server refuses/.test(notices()),
    )
    assert.equal((await pin())?.access.server, before?.access.server)
    await set.linked('east', 'west')
    await moveTo('west', before?.access.server ?? '')
    await set.eventually('nothing is held', () => notices() === '')
  })
})

describe('a credential', () => {
  it('that was revoked is told with the way to mend it, and mended by it', async () => {
    const reader = (await pin())?.credential?.account ?? ''
    set.member('west').server.local.delete(SERVICE_ACCOUNTS, EXCHANGE_NAMESPACE, reader)
    cutWatches('west')
    await until('told', () =>
      /^degraded: .*does not accept our token any more \(401\): `isthmus relink --peer west` mends it/.test(
        set.link('east').west ?? '',
      ),
    )
    assert.deepEqual(await set.reached('east', 'hello'), ['west: 10.2.0.1'])
    await set.relink('east')
    await set.eventually('linked again', () => set.link('east').west === 'connected')
  })

  it('that ended while a part of the link goes on with it is replaced all the same', async () => {
    const before = (await pin())?.credential
    const { faults, local } = set.member('west').server
    const held = faults.add({
      match: (attributes, request) =>
        accountOf(request).includes(':reader-') &&
        'resource' in attributes &&
        attributes.resource === 'exportedservices',
      effect: effects.disconnect(),
    })
    cutWatches('west')
    await until('the rest is followed, with the old token', () =>
      /^degraded: its API server breaks/.test(set.link('east').west ?? ''),
    )
    local.delete(SERVICE_ACCOUNTS, EXCHANGE_NAMESPACE, before?.account ?? '')
    held.remove()
    await until('refused', () => /\(401\)/.test(set.link('east').west ?? ''))
    await set.relink('west')
    await set.eventually('replaced', async () => (await pin())?.credential?.token !== before?.token)
    await set.eventually('linked again', () => set.link('east').west === 'connected')
  })

  for (const id of ['east', 'west'])
    it(`that was stolen ends with one command, of ${id}; its owner goes on`, async () => {
      const stolen = (await pin())?.credential?.token ?? ''
      const thief = set.member('west').connect(stolen)
      await thief.list(EXPORT_INDEXES, { namespace: EXCHANGE_NAMESPACE })
      const ofRegistry = set.registry.connect(await registryToken(id))
      await ofRegistry.list(CLUSTER_PROFILES, { namespace: REGISTRY_NAMESPACE })

      await set.relink(id)
      await set.eventually('it is refused, and so is every token that it could have got', async () => {
        await assert.rejects(thief.list(EXPORT_INDEXES, { namespace: EXCHANGE_NAMESPACE }), isUnauthorized)
        return true
      })
      const list = () => ofRegistry.list(CLUSTER_PROFILES, { namespace: REGISTRY_NAMESPACE })
      await assert.rejects(list(), isUnauthorized)
      cutWatches('west')
      await set.eventually('the owner has another', async () => {
        const { token } = (await pin())?.credential ?? {}
        return token !== stolen && set.link('east').west === 'connected'
      })
      await set.eventually('and reaches the registry', () => {
        const { registry } = set.member(id).agent?.status().membership ?? {}
        return registry?.reachable === true && registry.reason === undefined
      })
      assert.deepEqual(await set.reached('east', 'hello'), ['west: 10.2.0.1'])
    })

  it('that expired while the link was down is told, and mended', async () => {
    const outage = set.member('west').server.faults.add({
      match: (_, request) => accountOf(request).includes(':reader-'),
      effect: effects.disconnect(),
    })
    cutWatches('west')
    await until('down', () => set.link('east').west !== 'connected')
    for (let hours = 0; hours < 26; hours += 13) {
      set.pass(13 * HOUR)
      await until('the tokens for the registry are new', () =>
        ['east', 'west'].every(id => {
          const { expiresAt = '' } = set.member(id).agent?.status().membership?.registry ?? {}
          return Date.parse(expiresAt) > set.now + 20 * HOUR
        }),
      )
    }
    outage.remove()
    await until('told', () =>
      /our token for it expired at .*: `isthmus relink --peer west` mends it/.test(
        set.link('east').west ?? '',
      ),
    )
    assert.deepEqual(await set.reached('east', 'hello'), ['west: 10.2.0.1'])
    await set.relink('east')
    await set.eventually('linked again', () => set.link('east').west === 'connected')
    await set.eventually('the other way too', () => set.link('west').east === 'connected')
  })

  it('is renewed by what the server gave, not by what was asked for', async () => {
    const capped = set.member('west').server.faults.add({
      match: attributes =>
        'resource' in attributes &&
        attributes.resource === 'serviceaccounts' &&
        attributes.subresource === 'token',
      effect: ({ response, next }) => {
        // As managed servers do: an hour, whatever was asked for.
        const end = response.end.bind(response) as (body: Buffer) => typeof response
        response.end = ((body: Buffer) => {
          const answer = JSON.parse(body.toString()) as { status: { expirationTimestamp: string } }
          // Of the same length: the head of the answer is out already.
          answer.status.expirationTimestamp = `${new Date(set.now + HOUR).toISOString().slice(0, 19)}Z`
          return end(Buffer.from(JSON.stringify(answer)))
        }) as typeof response.end
        next()
      },
    })
    const credential = async (): Promise<Credential | undefined> => (await pin())?.credential
    set.pass(13 * HOUR)
    await set.eventually('renewed', async () => {
      const { expiresAt = '' } = (await credential()) ?? {}
      return Date.parse(expiresAt) > set.now && Date.parse(expiresAt) <= set.now + HOUR
    })
    const before = await credential()
    set.pass(HOUR / 2 + 60_000)
    await set.eventually('renewed again', async () => (await credential())?.token !== before?.token)
    await set.linked('east', 'west')
    capped.remove()
  })
})

describe('a registry with another cluster of the same id', () => {
  it('cannot put another cluster in the place of one', async () => {
    const before = await pin()
    const profile = await set.registry.client.get(CLUSTER_PROFILES, 'west', REGISTRY_NAMESPACE)
    await set.registry.client.delete(CLUSTER_PROFILES, 'west', REGISTRY_NAMESPACE)
    const { uid: _, resourceVersion: __, ...metadata } = profile.metadata
    const made = await set.registry.client.create(CLUSTER_PROFILES, { ...profile, metadata })
    await set.registry.client.updateStatus(CLUSTER_PROFILES, { ...made, status: profile.status ?? {} })
    await set.eventually('held', () => /another cluster has joined with its id: held/.test(notices()))
    assert.equal((await pin())?.profileUID, before?.profileUID)
    await set.stopAgent('east')
    await set.startAgent('east')
    await set.linked('east', 'west')
    assert.deepEqual(await set.reached('east', 'hello'), ['west: 10.2.0.1'])
  })

  it('does, once an administrator accepts it', async () => {
    const { metadata } = await set.registry.client.get(CLUSTER_PROFILES, 'west', REGISTRY_NAMESPACE)
    await set.relink('east', { peer: 'west', accept: true })
    await set.eventually('accepted', async () => (await pin())?.profileUID === metadata.uid)
    await set.eventually('nothing is held', () => notices() === '')
    await set.eventually('linked', () => set.link('east').west === 'connected')
    assert.deepEqual(await set.reached('east', 'hello'), ['west: 10.2.0.1'])
  })
})
