import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MembershipRecord, RegistryNoteData } from '@isthmus/api'
import { overviewOf } from './overview.ts'
import type { MemberReading, StatusFacts } from './status-facts.ts'

const NOW = Date.parse('2026-01-01T00:10:00Z')
const lease = (name: string) => ({
  value: {
    apiVersion: 'coordination.k8s.io/v1' as const,
    kind: 'Lease' as const,
    metadata: { name },
    spec: { holderIdentity: 'one', renewTime: '2026-01-01T00:09:58.000000Z', leaseDurationSeconds: 40 },
  },
})

/** A member that is well. */
function member(clusterId: string, registry?: RegistryNoteData): MemberReading {
  const nothing = { value: [] }
  return {
    context: clusterId,
    kubectl: `kubectl --context ${clusterId}`,
    server: `https://${clusterId}:6443`,
    clusterId,
    clusterset: 'prod',
    isAssumed: false,
    installedIn: { agentNamespace: 'isthmus-system', exchangeNamespace: 'isthmus-exchange' },
    clocks: [NOW],
    exports: nothing,
    imports: nothing,
    slices: nothing,
    namespaces: nothing,
    links: nothing,
    isJoined: true,
    readers: { value: ['a', 'b', 'c'].filter(id => id !== clusterId) },
    index: { value: undefined },
    heartbeat: lease('isthmus-publisher'),
    leader: lease('isthmus-agent'),
    membership: undefined,
    registry,
  }
}

function problems(members: readonly MemberReading[], facts: Partial<StatusFacts> = {}): readonly string[] {
  return overviewOf({ members, unreachable: [], outsiders: [], profiles: [], ...facts }).problems
}

describe('what is wrong', () => {
  const server = 'https://hub:6443'
  const away = (since: string): RegistryNoteData => ({
    server,
    state: 'unreachable',
    reason: 'its server refuses connections (ECONNREFUSED)',
    since,
  })

  it('is nothing where members are well and read their registry', () => {
    const there: RegistryNoteData = { server, state: 'reachable', reason: '', since: '2026-01-01T00:00:00Z' }
    assert.deepEqual(problems([member('a'), member('b', there)]), [])
  })

  it('is that there is no member at all', () => {
    const outsider = { context: 'lonely', kubectl: 'kubectl --context lonely', server, prepared: false }
    assert.deepEqual(problems([], { outsiders: [outsider] }), [
      'none of the contexts is of a member of a ClusterSet: `isthmus init` and `isthmus join` make one',
    ])
    assert.deepEqual(problems([member('a')], { outsiders: [outsider] }), [])
  })

  it('is a member that was removed: who says so, and what to do', () => {
    const membership: MembershipRecord = {
      clusterset: 'prod',
      clusterId: 'a',
      profileUID: 'uid',
      joinedAt: '2026-01-01T00:00:00Z',
      state: 'member',
      removedAt: '2026-01-01T00:01:00Z',
      access: { server: 'https://a:6443' },
    }
    const away = { clusterId: 'b', highestSequence: 1, state: 'degraded', reason: '(401)' }
    const [problem = '', ...others] = problems([
      { ...member('a'), membership, links: { value: [away] } },
      member('b'),
    ])
    assert.match(problem, /^a was removed from prod, as its agent saw at 2026-01-01T00:01:00Z: /)
    assert.match(problem, /`isthmus leave --context a --registry-context REGISTRY` takes out/)
    assert.deepEqual(others, [])
  })

  it('is an account that a peer has no more for a member, also while its link is still open', () => {
    const link = { clusterId: 'b', highestSequence: 1, state: 'connected' }
    const links = (change: object) => ({ ...member('a'), links: { value: [{ ...link, ...change }] } })
    const revoking = { ...member('b'), readers: { value: ['c'] } }
    const [open = '', ...others] = problems([links({}), revoking])
    assert.match(
      open,
      /^link of a to b: b has no account for a any more: .*`isthmus relink --peer b` mends it$/,
    )
    assert.deepEqual(others, [])
    const [ended] = problems([
      links({ state: 'lost', reason: 'it does not accept our token (401)' }),
      revoking,
    ])
    assert.match(ended ?? '', /^link of a to b: lost: .*\(401\); b has no account for it any more$/)
    const given = { ...revoking, isJoined: false }
    assert.deepEqual(problems([links({}), given]), [], 'given by --peer')
    assert.deepEqual(problems([links({}), { ...revoking, readers: { unread: 'you may not list them' } }]), [])
  })

  it('is a registry that cannot be read: said once, with what goes on', () => {
    const [problem = '', ...others] = problems([
      member('a', away('2026-01-01T00:01:00Z')),
      member('b', away('2026-01-01T00:00:59Z')),
      member('c'),
    ])
    assert.match(
      problem,
      /^registry of prod \(https:\/\/hub:6443\): not reached by a, b since 2026-01-01T00:00:59Z: /,
    )
    assert.match(problem, /\(ECONNREFUSED\); links and imports go on, joining and leaving wait for it$/)
    assert.deepEqual(others, [])
  })
})
