/** Members whose agents link themselves, through a registry that may be gone afterwards. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  AGENT_NAMESPACE,
  CLUSTER_PROFILES,
  EXCHANGE_NAMESPACE,
  LABEL_READER,
  peerSecretName,
  SECRETS,
  type Secret,
} from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { until } from '../fixtures/until.ts'
import { accountOf } from './account-of.ts'
import { REGISTRY_NAMESPACE, RunningSet } from './running-set.ts'

const HOUR = 3_600_000
const IDS = ['east', 'west', 'north']

describe('members that joined', () => {
  let set: RunningSet
  before(async () => {
    set = await RunningSet.start(...IDS)
    await set.namespace(...IDS)
    await set.export('west', 'hello', '10.2.0.1')
  })
  after(() => set.stop())

  const allReached = () =>
    until('reached', async () => {
      for (const id of IDS) assert.deepEqual(await set.reached(id, 'hello'), ['west: 10.2.0.1'])
      return true
    })

  it('are linked, each with each, by their agents, and say so in their profiles', async () => {
    await set.linked(...IDS)
    await allReached()
    await until('Linked', async () => {
      const { items } = await set.registry.client.list(CLUSTER_PROFILES, { namespace: REGISTRY_NAMESPACE })
      assert.deepEqual(
        items.map(({ metadata, status }) => [
          metadata.name,
          status?.conditions?.find(({ type }) => type === 'isthmus.dev/Linked')?.message,
        ]),
        ['east', 'north', 'west'].map(id => [id, 'linked both ways with 2 other members']),
      )
      return true
    })
  })

  it('take first credentials out of the registry once their readers have them, and link on', async () => {
    const laid = async () => {
      const { items } = await set.registry.client.list(SECRETS, { namespace: REGISTRY_NAMESPACE })
      return items.filter(secret => secret.type === 'isthmus.dev/credential')
    }
    assert.equal((await laid()).length, 6)
    await set.eventually('they are empty', async () => {
      for (const { metadata, data } of await laid()) assert.equal(data?.value, undefined, metadata.name)
      return true
    })
    await set.stopAgent('north')
    await set.startAgent('north')
    await set.linked(...IDS)
  })

  it('write nothing when nothing changes, nor when an agent starts again', async () => {
    await set.stopAgent('east')
    const writes: string[] = []
    const watched = set.member('east').server.faults.add({
      match: attributes => {
        if ('resource' in attributes && isWrite(attributes)) writes.push(JSON.stringify(attributes))
        return false
      },
      effect: effects.stall(),
    })
    await set.startAgent('east')
    await set.linked(...IDS)
    await until('all is looked at', () => set.member('east').agent?.status().membership?.registry?.reachable)
    set.pass(60_000)
    await set.member('east').agent?.idle()
    watched.remove()
    assert.deepEqual(writes, [])
  })

  it('write again what somebody deleted, and issue again for whom nothing is there', async () => {
    const { client } = set.member('east')
    await client.delete(SECRETS, 'peer-west', AGENT_NAMESPACE)
    const { items } = await client.list(SECRETS, {
      namespace: EXCHANGE_NAMESPACE,
      labelSelector: `${LABEL_READER}=north`,
    })
    const reader = items[0]?.metadata.name ?? ''
    await client.delete(SECRETS, reader, EXCHANGE_NAMESPACE)
    await set.eventually('they are back', async () => {
      await client.get(SECRETS, 'peer-west', AGENT_NAMESPACE)
      await client.get(SECRETS, reader, EXCHANGE_NAMESPACE)
      return true
    })
    await set.linked(...IDS)
  })

  it('take over from one another with links that are warm', async () => {
    const { agent: first } = set.member('east')
    const second = await set.startAgent('east')
    try {
      await until('it stands by, linked', () => {
        const { leading, links } = second.status()
        return !leading && links.length === 2 && links.every(({ state }) => state === 'connected')
      })
    } finally {
      await first?.stop()
    }
    await until('it leads, and follows the registry', () => {
      const { leading, membership } = second.status()
      return leading && membership?.registry?.reachable
    })
    await set.linked(...IDS)
  })

  it('renew all credentials by half of their life', async () => {
    const tokens = async () =>
      Promise.all(
        IDS.flatMap(id =>
          IDS.filter(peer => peer !== id).map(async peer => {
            const secret = await set
              .member(id)
              .client.get<Secret>(SECRETS, peerSecretName(peer), AGENT_NAMESPACE)
            return secret.data?.value
          }),
        ),
      )
    const before = await tokens()
    const reads: string[] = []
    const watched = set.member('west').server.faults.add({
      match: (attributes, request) => {
        if ('resource' in attributes && accountOf(request).includes(':reader-'))
          reads.push(`${attributes.verb} ${attributes.resource}`)
        return false
      },
      effect: effects.stall(),
    })
    set.pass(12 * HOUR)
    await set.eventually('all are new', async () => {
      const now = await tokens()
      return now.every((token, index) => token !== before[index])
    })
    watched.remove()
    // What is followed goes on being followed: nothing is listed or watched anew.
    assert.deepEqual([...new Set(reads)], ['get secrets'])
    await set.linked(...IDS)
    const ends = IDS.flatMap(id => set.member(id).agent?.status().membership?.registry?.expiresAt ?? [])
    assert.equal(ends.length, 3)
    for (const end of ends) assert.ok(Date.parse(end) > set.now + 23 * HOUR, end)
  })

  it('need no registry once they are linked, also when they start again', async () => {
    const outage = set.registry.server.faults.add({ effect: effects.disconnect() })
    set.registry.server.faults.restore(set.registry.server.faults.snapshot())
    await until('told', () => {
      const registry = set.member('east').agent?.status().membership?.registry
      return registry?.reachable === false && registry.reason !== undefined
    })
    assert.equal(set.member('east').agent?.ready, true)
    for (const id of IDS) {
      await set.stopAgent(id)
      await set.startAgent(id)
    }
    await set.linked(...IDS)
    await allReached()
    set.pass(12 * HOUR)
    await set.eventually('renewed without it', () =>
      IDS.every(id =>
        set
          .member(id)
          .agent?.status()
          .membership?.peers.every(({ expiresAt = '' }) => Date.parse(expiresAt) > set.now + 20 * HOUR),
      ),
    )
    await set.linked(...IDS)
    outage.remove()
    await set.eventually('the registry is back', () =>
      IDS.every(id => set.member(id).agent?.status().membership?.registry?.reachable),
    )
  })

  it('lose nothing when a profile is deleted, or the registry is restored from before they joined', async () => {
    await set.registry.client.delete(CLUSTER_PROFILES, 'west', REGISTRY_NAMESPACE)
    await until('told', () =>
      set
        .member('east')
        .agent?.status()
        .membership?.peers.some(({ notices }) =>
          /gone from the registry; it stays linked/.test(notices.join()),
        ),
    )
    set.restoreRegistry()
    await until('told', () => {
      const { registry } = set.member('west').agent?.status().membership ?? {}
      return registry?.reachable === false
    })
    await set.linked(...IDS)
    await set.stopAgent('east')
    await set.startAgent('east')
    set.pass(12 * HOUR)
    await set.eventually('credentials are renewed all the same', () =>
      IDS.every(id =>
        set
          .member(id)
          .agent?.status()
          .membership?.peers.every(({ expiresAt = '' }) => Date.parse(expiresAt) > set.now + 20 * HOUR),
      ),
    )
    await set.linked(...IDS)
    await allReached()
  })
})

/** But for Leases and Events; the test itself asks for a token, and the agent what families a Service would get. */
function isWrite({ verb, resource, subresource }: { verb: string; resource: string; subresource: string }) {
  const isRead = ['get', 'list', 'watch'].includes(verb)
  return !isRead && !['leases', 'events', 'services'].includes(resource) && subresource !== 'token'
}
