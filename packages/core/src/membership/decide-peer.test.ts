import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApiAccess, Credential, PinnedPeer } from '@isthmus/api'
import fc from 'fast-check'
import { decidePeer, type PeerFacts, type SeenProfile, type SeenReader } from './decide-peer.ts'
import { departedKey } from './departed.ts'

const EAST: ApiAccess = { server: 'https://east.example' }
const WEST: ApiAccess = { server: 'https://west.example' }
const HOUR = 3_600_000
const START = Date.parse('2026-11-22T08:00:00Z')
const LIFE = { issuedAt: '2026-11-22T08:00:00Z', expiresAt: '2026-11-23T08:00:00Z' }

const credential: Credential = {
  ...LIFE,
  ...WEST,
  publisher: 'west',
  reader: 'east',
  account: 'reader-1',
  namespace: 'isthmus-exchange',
  token: 'token',
}
const pin: PinnedPeer = {
  clusterId: 'west',
  profileUID: 'west-1',
  access: WEST,
  exchangeNamespace: 'isthmus-exchange',
  pinnedAt: '2026-11-22T08:00:00Z',
  credential,
}
const profile: SeenProfile = {
  uid: 'west-1',
  clusterset: 'prod',
  access: WEST,
  exchangeNamespace: 'isthmus-exchange',
  relinkRequested: '',
  pickedUp: LIFE.issuedAt,
}
const reader: SeenReader = {
  profileUID: 'west-1',
  credential: { ...LIFE, ...EAST },
  delivered: LIFE.issuedAt,
  withdrawn: LIFE.issuedAt,
  issuedFor: '',
  relinked: '',
}
const registry = { profile, relinkRequested: '', departed: new Set<string>() }
/** A peer that is linked, and nothing is to be done. */
const settled: PeerFacts = {
  clusterId: 'west',
  clusterset: 'prod',
  ownAccess: EAST,
  pin,
  registry,
  reader,
  isRefused: false,
  now: START,
}

/** What is to be done, in a word or two. */
function told(facts: Partial<PeerFacts>): string {
  const { pin, reader, credential, isHeld } = decidePeer({ ...settled, ...facts })
  return [`${pin}`, `reader ${reader}`, credential, ...(isHeld ? ['held'] : [])].join(', ')
}

describe('what is done about a peer', () => {
  const cases: [name: string, facts: Partial<PeerFacts>, verdict: string][] = [
    ['a linked one', {}, 'keep, reader keep, keep'],
    ['one whose registry is gone', { registry: undefined }, 'keep, reader keep, keep'],
    [
      'one that is missing in the registry',
      { registry: { ...registry, profile: undefined } },
      'keep, reader keep, keep',
    ],
    ['one that has just joined', { pin: undefined, reader: undefined }, 'make, reader none, keep'],
    [
      'one that has not finished joining',
      {
        pin: undefined,
        reader: undefined,
        registry: { ...registry, profile: { ...profile, access: undefined } },
      },
      'none, reader none, keep',
    ],
    [
      'one of another ClusterSet',
      {
        pin: undefined,
        reader: undefined,
        registry: { ...registry, profile: { ...profile, clusterset: 'test' } },
      },
      'none, reader none, keep',
    ],
    ['one that has no account here yet', { reader: undefined }, 'keep, reader issue, keep'],
    [
      'one whose account is of a cluster before it',
      { reader: { ...reader, profileUID: 'west-0' } },
      'keep, reader issue, keep',
    ],
    [
      'one whose credential is not in the registry yet',
      { reader: { ...reader, delivered: '' } },
      'keep, reader lay, keep',
    ],
    [
      'the same while the registry is gone',
      { reader: { ...reader, delivered: '' }, registry: undefined },
      'keep, reader keep, keep',
    ],
    [
      'one that has picked up what was laid',
      { reader: { ...reader, withdrawn: '' }, now: START + 60_000 },
      'keep, reader withdraw, keep',
    ],
    [
      'the same at once, while somebody may wait to see it',
      { reader: { ...reader, withdrawn: '' }, now: START + 1_000 },
      'keep, reader keep, keep',
    ],
    [
      'one that has only picked up the one before',
      { reader: { ...reader, delivered: '2026-11-22T09:00:00Z' }, now: START + 2 * HOUR },
      'keep, reader keep, keep',
    ],
    [
      'one that has picked up the one for a cluster of its id before it',
      {
        reader: { ...reader, withdrawn: '' },
        registry: { ...registry, profile: { ...profile, uid: 'west-2' } },
        now: START + 60_000,
      },
      'keep, reader keep, read, held',
    ],
    [
      'one that has picked it up, while the registry is gone',
      { reader: { ...reader, withdrawn: '' }, registry: undefined, now: START + 60_000 },
      'keep, reader keep, keep',
    ],
    ['half a life later', { now: START + 12 * HOUR }, 'keep, reader issue, read'],
    ['a moment before', { now: START + 12 * HOUR - 1 }, 'keep, reader keep, keep'],
    [
      'half of a life that the server made short',
      {
        now: START + HOUR,
        reader: { ...reader, credential: { ...LIFE, ...EAST, expiresAt: '2026-11-22T10:00:00Z' } },
      },
      'keep, reader issue, keep',
    ],
    ['a clock that was set back by days', { now: START - 48 * HOUR }, 'keep, reader issue, read'],
    [
      'an own server that moved',
      { ownAccess: { server: 'https://new.example' } },
      'keep, reader issue, keep',
    ],
    ['no credential yet', { pin: { ...pin, credential: undefined } as never }, 'keep, reader keep, fetch'],
    ['a credential that is refused', { isRefused: true }, 'keep, reader keep, fetch'],
    [
      'a profile that names another server',
      { registry: { ...registry, profile: { ...profile, access: { server: 'https://evil.example' } } } },
      'keep, reader keep, read, held',
    ],
    [
      'a profile that names another authority',
      {
        registry: {
          ...registry,
          profile: { ...profile, access: { ...WEST, certificateAuthority: 'other' } },
        },
      },
      'keep, reader keep, read, held',
    ],
    [
      'another cluster with its id',
      { registry: { ...registry, profile: { ...profile, uid: 'west-2', relinkRequested: 'now' } } },
      'keep, reader keep, read, held',
    ],
    [
      'one that has left',
      { registry: { ...registry, departed: new Set(['west.west-1']) } },
      'forget, reader remove, keep',
    ],
    [
      'one of which the leaving was interrupted, with the registry gone',
      { pin: { ...pin, departedAt: '2026-11-22T09:00:00Z' }, registry: undefined },
      'forget, reader remove, keep',
    ],
    [
      'one that left before it was pinned',
      {
        pin: undefined,
        registry: { profile: undefined, relinkRequested: '', departed: new Set(['west.west-1']) },
      },
      'none, reader remove, keep',
    ],
    [
      'one that left, and whose profile has not gone yet',
      { pin: undefined, reader: undefined, registry: { ...registry, departed: new Set(['west.west-1']) } },
      'none, reader none, keep',
    ],
    [
      'a cluster that had its id and left long ago',
      { registry: { ...registry, departed: new Set(['west.west-0']) } },
      'keep, reader keep, keep',
    ],
    [
      'a request to link it anew',
      { registry: { ...registry, profile: { ...profile, relinkRequested: 'T' } } },
      'keep, reader issue, keep',
    ],
    [
      'a request to link this member anew',
      { registry: { ...registry, relinkRequested: 'T' } },
      'keep, reader issue, keep',
    ],
    [
      'a request for which a token was issued',
      { registry: { ...registry, relinkRequested: 'T' }, reader: { ...reader, issuedFor: 'T' } },
      'keep, reader lay, keep',
    ],
    [
      'a request that was answered',
      {
        registry: { ...registry, relinkRequested: 'T' },
        reader: { ...reader, issuedFor: 'T', relinked: 'T' },
      },
      'keep, reader keep, keep',
    ],
    [
      'a request that was answered, while the profile is gone',
      {
        registry: { ...registry, profile: undefined },
        reader: { ...reader, issuedFor: 'T', relinked: 'T' },
      },
      'keep, reader keep, keep',
    ],
  ]
  for (const [name, facts, verdict] of cases)
    it(`${name}: ${verdict}`, () => assert.equal(told(facts), verdict))

  it('tells the way out of what is held', () => {
    const access = { server: 'https://evil.example' }
    const { notice } = decidePeer({ ...settled, registry: { ...registry, profile: { ...profile, access } } })
    assert.match(
      notice ?? '',
      /https:\/\/evil\.example in place of https:\/\/west\.example: held; .*relink --peer west --accept/,
    )
  })
})

/** What one member holds of one other, and what happens to it. */
interface Model {
  pin: PinnedPeer | undefined
  reader: SeenReader | undefined
  profile: SeenProfile | undefined
  departed: Set<string>
  isRegistryThere: boolean
}

/** Does what is decided, until nothing is left to do. */
function settle(model: Model): void {
  for (let rounds = 0; ; rounds++) {
    assert.ok(rounds < 10, 'it comes to an end')
    const verdict = decidePeer({
      ...settled,
      pin: model.pin,
      reader: model.reader,
      registry: model.isRegistryThere
        ? { profile: model.profile, relinkRequested: '', departed: model.departed }
        : undefined,
    })
    if (verdict.reader === 'remove') model.reader = undefined
    if (verdict.pin === 'forget') model.pin = undefined
    const { profile } = model
    if (verdict.pin === 'make' && profile?.access !== undefined)
      model.pin = { ...pin, profileUID: profile.uid, access: profile.access }
    if (verdict.reader === 'issue' && model.pin !== undefined)
      model.reader = {
        ...reader,
        profileUID: model.pin.profileUID,
        delivered: model.reader?.profileUID === model.pin.profileUID ? model.reader.delivered : '',
        issuedFor: verdict.request,
      }
    if (verdict.reader === 'lay' && model.reader !== undefined)
      model.reader = { ...model.reader, delivered: LIFE.issuedAt, relinked: verdict.request }
    if (verdict.reader === 'withdraw' && model.reader !== undefined)
      model.reader = { ...model.reader, withdrawn: model.reader.delivered }
    const isQuiet = !['make', 'forget'].includes(verdict.pin) && ['none', 'keep'].includes(verdict.reader)
    if (isQuiet) return
  }
}

describe('the same end', () => {
  /** Of the registry; what they leave there does not depend on their order. */
  const first: ((model: Model) => void)[] = [
    model => {
      model.departed.add(departedKey('west', 'west-1'))
    },
    model => {
      // A watch tells the last state; the one before may never be seen.
      model.profile = { ...profile, uid: 'west-2', access: { server: 'https://second.example' } }
    },
    model => {
      model.isRegistryThere = false
      settle(model)
      model.isRegistryThere = true
    },
  ]

  it('whatever the order in which a leave and the next join are seen', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(first, { minLength: first.length }),
        fc.array(fc.boolean(), { minLength: first.length, maxLength: first.length }),
        fc.boolean(),
        (events, settles, wasLinked) => {
          const model: Model = {
            pin: wasLinked ? pin : undefined,
            reader: wasLinked ? reader : undefined,
            profile: wasLinked ? profile : undefined,
            departed: new Set(),
            isRegistryThere: true,
          }
          events.forEach((event, index) => {
            event(model)
            if (settles[index]) settle(model)
          })
          settle(model)
          assert.equal(model.pin?.profileUID, 'west-2')
          assert.equal(model.pin?.access.server, 'https://second.example')
          assert.deepEqual([model.reader?.profileUID, model.reader?.delivered], ['west-2', LIFE.issuedAt])
        },
      ),
    )
  })

  it('nothing that a profile says or does moves a pin, or an absence removes it', () => {
    const seen = fc.option(
      fc.record({
        uid: fc.constantFrom('west-1', 'west-2'),
        clusterset: fc.constantFrom('prod', 'other', undefined),
        access: fc.constantFrom(WEST, { server: 'https://evil.example' }, undefined),
        exchangeNamespace: fc.constantFrom('isthmus-exchange', 'kube-system', undefined),
        relinkRequested: fc.constantFrom('', 'T'),
        pickedUp: fc.constantFrom('', LIFE.issuedAt),
      }),
      { nil: undefined },
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(seen, fc.boolean()), { maxLength: 10 }), states => {
        const model: Model = {
          pin,
          reader,
          profile,
          departed: new Set(['west.west-0']),
          isRegistryThere: true,
        }
        for (const [profile, isRegistryThere] of states) {
          Object.assign(model, { profile, isRegistryThere })
          settle(model)
        }
        assert.equal(model.pin, pin)
        assert.equal(model.reader?.profileUID, 'west-1')
      }),
    )
  })
})
