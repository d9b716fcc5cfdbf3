/** What an administrator is shown of a registry: which one it is, who is a member, who is linked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Namespace } from '@isthmus/api'
import { chooseRegistry } from './choose-registry.ts'
import type { RegisteredMember } from './join-facts.ts'
import { memberTable } from './member-table.ts'
import { withTombstone } from './tombstones.ts'

function namespace(name: string, clusterset?: string, deletionTimestamp?: string): Namespace {
  const labels =
    clusterset === undefined ? {} : { labels: { 'multicluster.x-k8s.io/clusterset': clusterset } }
  const deleted = deletionTimestamp === undefined ? {} : { deletionTimestamp }
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...labels, ...deleted } }
}

const registries: { name: string; namespaces: Namespace[]; asked?: string; found: string }[] = [
  { name: 'the only one', namespaces: [namespace('default'), namespace('r', 'prod')], found: 'prod in r' },
  {
    name: 'the one asked for',
    namespaces: [namespace('r', 'prod'), namespace('s', 'test')],
    asked: 'test',
    found: 'test in s',
  },
  { name: 'none', namespaces: [namespace('default')], found: 'NoRegistry' },
  {
    name: 'another than asked for',
    namespaces: [namespace('r', 'prod')],
    asked: 'test',
    found: 'NoRegistry',
  },
  {
    name: 'several',
    namespaces: [namespace('r', 'prod'), namespace('s', 'test')],
    found: 'SeveralClusterSets',
  },
  {
    name: 'two of one set',
    namespaces: [namespace('r', 'prod'), namespace('s', 'prod')],
    asked: 'prod',
    found: 'RegistryAmbiguous',
  },
  {
    name: 'one that is being deleted',
    namespaces: [namespace('r', 'prod', '2026-01-01T00:00:00Z')],
    found: 'NoRegistry',
  },
]
for (const { name, namespaces, asked, found } of registries) {
  test(`the registry: ${name}`, () => {
    const choice = chooseRegistry(namespaces, asked)
    assert.equal('reason' in choice ? choice.reason : `${choice.clusterset} in ${choice.namespace}`, found)
  })
}

function member(clusterId: string, links: Record<string, string>, joining = false): RegisteredMember {
  return {
    clusterId,
    clusterset: 'prod',
    profileUID: `uid-${clusterId}`,
    registeredUID: clusterId,
    access: joining ? undefined : { server: `https://${clusterId}` },
    exchangeNamespace: 'isthmus-exchange',
    podCIDRs: [],
    nodeCIDRs: [],
    serviceCIDRs: [],
    ipFamilies: [],
    links,
  }
}

test('a member is linked when it reads all others, and all others read it', () => {
  const table = memberTable(
    [
      member('west', { east: 'connected', north: 'connected' }),
      member('east', { west: 'connected', north: 'degraded: silent' }),
      member('north', { east: 'connected', west: 'connected' }),
    ],
    new Set(),
  )
  assert.deepEqual(
    table.map(({ clusterId, state }) => `${clusterId} ${state}`),
    ['east NotLinked', 'north NotLinked', 'west Linked'],
  )
  assert.deepEqual(table[0]?.reasons, ['east does not read north: degraded: silent'])
  assert.deepEqual(table[1]?.reasons, table[0]?.reasons)
})

test('one whose join was interrupted, and one that is leaving, are told as such', () => {
  const table = memberTable(
    [member('east', {}), member('west', {}, true), member('north', { east: 'connected' })],
    new Set(['north.uid-north', 'west.uid-of-another-time']),
  )
  assert.deepEqual(
    table.map(({ clusterId, state }) => `${clusterId} ${state}`),
    ['east NotLinked', 'north Leaving', 'west Joining'],
  )
  assert.doesNotMatch(table.flatMap(({ reasons }) => reasons).join('\n'), /north/)
})

test('a member that left is remembered once; the oldest of many are forgotten', () => {
  let data: Record<string, string> | undefined
  for (let n = 0; n < 510; n++) {
    const time = new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString()
    data = withTombstone(data, `c${n}`, 'uid', time)
    assert.equal(withTombstone(data, `c${n}`, 'uid', '2027-01-01T00:00:00Z'), data)
  }
  const keys = Object.keys(data ?? {})
  assert.deepEqual([keys.length, keys.includes('c9.uid'), keys.includes('c10.uid')], [500, false, true])
})
