import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Endpoint } from '@isthmus/api'
import { usableEndpoints } from './usable-endpoints.ts'

const node = { name: 'east-1', zone: 'east-a' }
const draining = { ready: false, serving: true, terminating: true }

type Case = {
  what: string
  policy?: 'Cluster' | 'Local'
  endpoints: Record<string, Omit<Endpoint, 'addresses'>>
  usable: string[]
}

const cases: Case[] = [
  {
    what: 'ready ones, and those of which nothing is known',
    endpoints: { a: {}, b: { conditions: { ready: true } }, c: { conditions: { ready: false } } },
    usable: ['a', 'b'],
  },
  {
    what: 'terminating ones only when none is ready',
    endpoints: { a: { conditions: draining }, b: { conditions: { ready: true } } },
    usable: ['b'],
  },
  {
    what: 'serving and terminating ones when none is ready',
    endpoints: {
      a: { conditions: draining },
      b: { conditions: { ready: false } },
      c: { conditions: { ready: false, serving: false, terminating: true } },
      d: { conditions: { ready: false, serving: true } },
    },
    usable: ['a'],
  },
  { what: 'none', endpoints: {}, usable: [] },
  {
    what: 'policy Local: those of the own node; no node name is another node',
    policy: 'Local',
    endpoints: { a: { nodeName: 'east-1' }, b: { nodeName: 'east-2' }, c: {} },
    usable: ['a'],
  },
  {
    what: 'policy Local: nothing when the own node has none, ready or not elsewhere',
    policy: 'Local',
    endpoints: { a: { nodeName: 'east-2' } },
    usable: [],
  },
  {
    what: 'policy Local: own draining ones rather than ready ones elsewhere',
    policy: 'Local',
    endpoints: { a: { nodeName: 'east-1', conditions: draining }, b: { nodeName: 'east-2' } },
    usable: ['a'],
  },
  {
    what: 'the own zone when every ready endpoint has a hint',
    endpoints: {
      a: { hints: { forZones: [{ name: 'east-a' }] } },
      b: { hints: { forZones: [{ name: 'east-b' }] } },
      c: { conditions: { ready: false } },
    },
    usable: ['a'],
  },
  {
    what: 'all when one ready endpoint has no hint',
    endpoints: { a: { hints: { forZones: [{ name: 'east-a' }] } }, b: {} },
    usable: ['a', 'b'],
  },
  {
    what: 'all when no hint is for here',
    endpoints: {
      a: { hints: { forZones: [{ name: 'unknown.west' }] } },
      b: { hints: { forZones: [{ name: 'z' }] } },
    },
    usable: ['a', 'b'],
  },
  {
    what: 'the own node before the own zone',
    endpoints: {
      a: { hints: { forZones: [{ name: 'east-a' }], forNodes: [{ name: 'east-2' }] } },
      b: { hints: { forZones: [{ name: 'east-a' }], forNodes: [{ name: 'east-1' }] } },
    },
    usable: ['b'],
  },
]

for (const { what, policy, endpoints, usable } of cases) {
  test(`usable endpoints: ${what}`, () => {
    const given = Object.entries(endpoints).map(([name, endpoint]) => ({ ...endpoint, addresses: [name] }))
    const names = usableEndpoints(given, policy, node).map(({ addresses }) => addresses[0])
    assert.deepEqual(names, usable)
  })
}
