import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterProfile } from '@isthmus/api'
import { type ProfileFacts, profileStatus, readProfile } from './profile.ts'
import { rangesCondition } from './profile-lists.ts'

const facts: ProfileFacts = {
  clusterId: 'east',
  clusterset: 'prod',
  access: { server: 'https://east.example:6443', certificateAuthority: 'PEM', tlsServerName: 'api' },
  kubernetesVersion: 'v1.33.1',
  clusterUID: 'uid-east',
  isthmusVersion: '1.0.0',
  exchangeNamespace: 'isthmus-exchange',
  podCIDRs: ['10.1.0.0/16', 'fd00:1::/64'],
  nodeCIDRs: [],
  serviceCIDRs: ['10.96.0.0/16'],
  ipFamilies: ['IPv4', 'IPv6'],
  links: { west: 'connected' },
  pickedUp: { west: '2026-01-01T00:00:00Z' },
}
const [NOW, LATER] = ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z']

function profile(status: ClusterProfile['status']): ClusterProfile {
  return {
    apiVersion: 'multicluster.x-k8s.io/v1alpha1',
    kind: 'ClusterProfile',
    metadata: { name: 'east' },
    spec: { clusterManager: { name: 'isthmus.dev' } },
    ...(status === undefined ? {} : { status }),
  }
}

test('what is said is read again', () => {
  assert.deepEqual(readProfile(profile(profileStatus(undefined, facts, [], NOW))), facts)
})

test('nothing changed: the same object; a change moves its own time alone', () => {
  const before = profileStatus(undefined, facts, [], NOW)
  assert.equal(profileStatus(before, facts, [], LATER), before)
  const after = profileStatus(before, { ...facts, links: { west: 'degraded: silent' } }, [], LATER)
  const moved = after.properties?.filter(({ lastObservedTime }) => lastObservedTime === LATER)
  assert.deepEqual(
    moved?.map(({ name }) => name),
    ['west.link.isthmus.dev'],
  )
})

test('what was picked up stays said where somebody writes who does not know it', () => {
  const before = profileStatus(undefined, facts, [], NOW)
  assert.equal(profileStatus(before, { ...facts, pickedUp: undefined }, [], LATER), before)
  const after = profileStatus(before, { ...facts, pickedUp: {} }, [], LATER)
  assert.deepEqual(readProfile(profile(after)).pickedUp, {})
})

test('a link that is gone is not said any more; what others say stays', () => {
  const before = profileStatus(undefined, facts, [], NOW)
  before.properties?.push({ name: 'region.example.com', value: 'eu' })
  before.accessProviders?.push({ name: 'other', cluster: { server: 'https://other' } })
  const after = profileStatus(before, { ...facts, links: {} }, [], LATER)
  const names = after.properties?.map(({ name }) => name) ?? []
  assert.ok(names.includes('region.example.com') && !names.includes('west.link.isthmus.dev'))
  assert.deepEqual(
    after.accessProviders?.map(({ name }) => name),
    ['other', 'isthmus.dev'],
  )
})

test('a long list goes on in other properties, and gives them back; a reason is cut', () => {
  const many = Array.from({ length: 200 }, (_, i) => `10.0.${i}.0/24`)
  const wanted = { ...facts, podCIDRs: many, links: { west: 'x'.repeat(2000) } }
  const status = profileStatus(undefined, wanted, [], NOW)
  const { properties = [] } = status
  const names = properties.map(({ name }) => name).filter(name => name.startsWith('pod-cidrs'))
  assert.deepEqual(names, ['pod-cidrs.isthmus.dev', 'pod-cidrs-2.isthmus.dev', 'pod-cidrs-3.isthmus.dev'])
  assert.ok(properties.every(({ value }) => value.length <= 1024))
  assert.deepEqual(readProfile(profile(status)).podCIDRs, many)
  const shorter = profileStatus(status, { ...wanted, podCIDRs: many.slice(0, 3) }, [], NOW)
  assert.deepEqual(readProfile(profile(shorter)).podCIDRs, many.slice(0, 3))
  assert.equal(properties.find(({ name }) => name === 'west.link.isthmus.dev')?.value.length, 1024)
})

test('what finds no place is told, and what did is compared', () => {
  const many = Array.from({ length: 2_000 }, (_, i) => `10.${i >> 8}.${i & 255}.8/32`)
  const { status, message } = rangesCondition({ ...facts, nodeCIDRs: many })
  assert.equal(status, 'False')
  assert.match(message, /^there is no place for \d+ of 2000 node ranges: an overlap/)
  const { nodeCIDRs } = readProfile(profile(profileStatus(undefined, { ...facts, nodeCIDRs: many }, [], NOW)))
  assert.ok(nodeCIDRs.length > 900)
  assert.deepEqual(nodeCIDRs, many.slice(0, nodeCIDRs.length))
  assert.equal(rangesCondition(facts).status, 'True')
})

for (const [name, server] of [
  ['plain HTTP', 'http://east.example'],
  ['no URL', 'east'],
  ['a file', 'file:///etc/passwd'],
] as const) {
  test(`a server that is ${name} is none`, () => {
    assert.equal(
      readProfile(profile({ accessProviders: [{ name: 'isthmus.dev', cluster: { server } }] })).access,
      undefined,
    )
  })
}

test("another manager's way of access is not used", () => {
  assert.equal(
    readProfile(profile({ accessProviders: [{ name: 'exec', cluster: { server: 'https://x' } }] })).access,
    undefined,
  )
})

test('what is not well-formed is as if it were not said, and hides nothing else', () => {
  const whole = profileStatus(undefined, facts, [], NOW)
  const wrong: unknown[] = [
    { ...whole, properties: [null, 5, { name: 'x' }, ...(whole.properties ?? [])] },
    { ...whole, properties: 'all' },
    { ...whole, properties: whole.properties?.map(({ name }) => ({ name, value: 5 })) },
    { ...whole, accessProviders: [null, ...(whole.accessProviders ?? [])] },
    { ...whole, accessProviders: 5 },
    { ...whole, accessProviders: [{ name: 'isthmus.dev', cluster: { server: 5 } }] },
    {
      ...whole,
      accessProviders: [
        { name: 'isthmus.dev', cluster: { server: 'https://a', 'certificate-authority-data': 5 } },
      ],
    },
    { ...whole, version: { kubernetes: 5 } },
    'nothing',
  ]
  for (const status of wrong) {
    const read = readProfile(profile(status as ClusterProfile['status']))
    assert.equal(read.clusterId, 'east')
    for (const value of [read.access?.server, read.access?.certificateAuthority, read.kubernetesVersion])
      assert.ok(value === undefined || typeof value === 'string')
  }
  const [first] = wrong
  assert.deepEqual(readProfile(profile(first as ClusterProfile['status'])), facts)
})
