import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ImportPolicy } from '@isthmus/api'
import fc from 'fast-check'
import { type ExistingImport, planImport } from '../import/plan.ts'
import { chunkSpec, memberExport, present } from '../testing/objects.ts'
import { Admission, type AdmissionInput } from './admission.ts'
import { CIDRList } from './cidr-list.ts'
import { ImportRules } from './import-rules.ts'

const policy = (spec: ImportPolicy['spec']): ImportPolicy => ({
  apiVersion: 'isthmus.dev/v1alpha1',
  kind: 'ImportPolicy',
  metadata: { name: 'p' },
  spec,
})

function admission(policies: ImportPolicy['spec'][], more: Partial<AdmissionInput> = {}): Admission {
  const none = new CIDRList([])
  return new Admission({
    namespace: { name: 'demo', labels: { team: 'a' } },
    clusterId: 'north',
    ownNamespaces: ['mesh', 'mesh-exchange'],
    rules: new ImportRules(policies.map(policy)),
    ownAddresses: { apiServer: none, services: none, pods: none },
    ...more,
  })
}

const IN = (name: string): Partial<AdmissionInput> => ({ namespace: { name, labels: {} } })
const EAST = [{ clusterId: 'east' }]

/** Policies, where, who, and the rule that refuses; none where it is allowed. */
const MEMBERS: [what: string, policies: ImportPolicy['spec'][], where: string, who: string, rule?: string][] =
  [
    ['anyone without a policy', [], 'demo', 'east'],
    ['whom a policy names', [{ members: EAST, namespaces: { names: ['demo'] } }], 'demo', 'east'],
    [
      'another than a policy names',
      [{ members: EAST, namespaces: { names: ['demo'] } }],
      'demo',
      'west',
      'policy',
    ],
    ['in another namespace', [{ members: EAST, namespaces: { names: ['other'] } }], 'demo', 'east', 'policy'],
    ['the cluster itself', [{ members: EAST, namespaces: { names: ['other'] } }], 'demo', 'north'],
    ['everyone by a star', [{ members: [{ clusterId: '*' }], namespaces: { names: ['*'] } }], 'demo', 'west'],
    [
      'by a second policy',
      [
        { members: EAST, namespaces: { names: ['other'] } },
        { members: EAST, namespaces: { names: ['demo'] } },
      ],
      'demo',
      'east',
    ],
    ['in kube-system', [], 'kube-system', 'east', 'systemNamespace'],
    [
      'in kube-system by a star',
      [{ members: EAST, namespaces: { names: ['*'] } }],
      'kube-system',
      'east',
      'systemNamespace',
    ],
    [
      'in kube-system by a label',
      [{ members: EAST, namespaces: { selector: {} } }],
      'kube-system',
      'east',
      'systemNamespace',
    ],
    [
      'in kube-system by its name',
      [{ members: EAST, namespaces: { names: ['kube-system'] } }],
      'kube-system',
      'east',
    ],
    [
      'another in kube-system',
      [{ members: EAST, namespaces: { names: ['kube-system'] } }],
      'kube-system',
      'west',
      'policy',
    ],
    ['the cluster itself in kube-system', [], 'kube-system', 'north', 'systemNamespace'],
    [
      'where the agent is',
      [{ members: EAST, namespaces: { names: ['mesh'] } }],
      'mesh',
      'east',
      'ownNamespace',
    ],
    ['in the exchange', [], 'mesh-exchange', 'east', 'ownNamespace'],
  ]

const SELECTORS: [selector: NonNullable<ImportPolicy['spec']['namespaces']['selector']>, selects: boolean][] =
  [
    [{ matchLabels: { team: 'a' } }, true],
    [{ matchLabels: { team: 'a', tier: 'b' } }, false],
    [{ matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'b'] }] }, true],
    [{ matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['a'] }] }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['a'] }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, true],
    [{ matchLabels: { toString: 'a' } }, false],
  ]

const endpoint = (...addresses: string[]) => ({ addresses, ready: true, serving: true, terminating: false })
const own = {
  ownAddresses: {
    apiServer: new CIDRList(['192.0.2.10', 'fd00::a']),
    services: new CIDRList(['10.96.0.0/12']),
    pods: new CIDRList(['10.244.0.0/24', '10.244.1.0/24']),
  },
}

/** Address, and the rule that refuses it of another member. */
const ADDRESSES: [address: string, rule?: string][] = [
  ['10.1.0.5'],
  ['192.0.2.10', 'apiServerAddress'],
  ['fd00:0:0::a', 'apiServerAddress'],
  ['10.97.3.4', 'serviceRange'],
  ['10.244.1.9', 'podRange'],
  ['10.244.2.9'],
  ['10.2.0.5', 'policyAddresses'],
]

describe('an ImportPolicy', () => {
  for (const [what, policies, where, who, rule] of MEMBERS)
    it(`${rule === undefined ? 'lets in' : 'keeps out'} ${what}`, () =>
      assert.equal(admission(policies, IN(where)).refusalOf(who)?.rule, rule))

  for (const [selector, selects] of SELECTORS)
    it(`${selects ? 'selects' : 'does not select'} by ${JSON.stringify(selector)}`, () => {
      const allowed = admission([{ members: EAST, namespaces: { selector } }]).refusalOf('east') === undefined
      assert.equal(allowed, selects)
    })

  for (const [address, rule] of ADDRESSES)
    it(`${rule === undefined ? 'leaves in' : 'leaves out'} an endpoint at ${address}`, () => {
      const members = [
        {
          clusterId: 'east',
          addresses: ['10.1.0.0/16', '10.244.0.0/16', '10.97.0.0/16', 'fd00::/8', '192.0.2.0/24'],
        },
      ]
      const judge = admission([{ members, namespaces: { names: ['demo'] } }], own)
      const addressType = address.includes(':') ? 'IPv6' : 'IPv4'
      const chunk = chunkSpec({ addressType, endpoints: [endpoint(address)] })
      const { export: rest, refusals } = judge.admit(memberExport('east', {}, { c: chunk }))
      assert.deepEqual(
        refusals.map(refusal => refusal.rule),
        rule === undefined ? [] : [rule],
      )
      assert.equal(rest?.chunks.get('c')?.endpoints.length, rule === undefined ? 1 : 0)
      // The cluster's own pods are where its own pods are.
      assert.deepEqual(judge.admit(memberExport('north', {}, { c: chunk })).refusals, [])
    })

  it('leaves out an endpoint for any of its addresses, tells a few, and counts the rest', () => {
    const chunk = chunkSpec({
      endpoints: Array.from({ length: 50 }, (_, i) => endpoint('10.1.0.1', `10.97.0.${i}`)),
    })
    const judge = admission([], own)
    const first = judge.admit(memberExport('east', {}, { c: chunk }))
    assert.equal(first.refusals.length, 3)
    assert.equal(first.refusals.at(-1)?.message, '50 endpoints in all are refused')
    // What was decided about endpoints is the same object again: nothing is written for it.
    const second = judge.admit(memberExport('east', {}, { c: chunk }))
    assert.equal(first.export?.chunks.get('c'), second.export?.chunks.get('c'))
  })

  it('takes nothing of a vote: with or without it, the import says the same', () => {
    const none: ExistingImport = { derivedService: undefined, slices: [], serviceImport: undefined }
    const member = fc.record({
      clusterId: fc.constantFrom('east', 'west', 'south'),
      exportedAt: fc.constantFrom('2026-11-22T08:00:00Z', '2026-11-22T09:00:00Z'),
      type: fc.constantFrom('ClusterSetIP' as const, 'Headless' as const),
      port: fc.constantFrom(80, 81),
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(member, { selector: ({ clusterId }) => clusterId, minLength: 1 }),
        fc.subarray(['east', 'west', 'south']),
        (members, allowed) => {
          const contributions = new Map(
            members.map(({ clusterId, exportedAt, type, port }) => [
              clusterId,
              present(
                memberExport(
                  clusterId,
                  { exportedAt, type, ports: [{ name: `p${port}`, protocol: 'TCP', port }] },
                  {
                    c: chunkSpec({ ports: [{ name: `p${port}`, protocol: 'TCP', port }] }),
                  },
                ),
              ),
            ]),
          )
          const input = {
            namespace: 'demo',
            name: 'hello',
            contributions,
            supportedFamilies: ['IPv4'] as const,
            existing: none,
          }
          const names = { names: ['demo'] }
          const policies = [
            {
              members: [{ clusterId: 'nobody' }, ...allowed.map(clusterId => ({ clusterId }))],
              namespaces: names,
            },
          ]
          const all = planImport(input)
          const some = planImport({ ...input, admission: admission(policies) })
          const admitted = members
            .map(({ clusterId }) => clusterId)
            .filter(id => allowed.includes(id))
            .sort()
          if (admitted.length === 0) return assert.equal(some.kind, 'nothing')
          assert.ok(all.kind === 'import' && some.kind === 'import')
          assert.deepEqual([some.spec, some.labels, some.winner], [all.spec, all.labels, all.winner])
          assert.deepEqual(some.clusters, admitted)
          assert.deepEqual(new Set(some.slices.map(({ clusterId }) => clusterId)), new Set(admitted))
          assert.deepEqual([...some.refusedClusters, ...some.clusters].sort(), [...all.clusters])
        },
      ),
    )
  })
})

describe('a list of ranges', () => {
  it('covers what one of its ranges covers, of thousands', () => {
    const octet = fc.nat(255)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(octet, octet, fc.integer({ min: 8, max: 32 })), { maxLength: 30 }),
        octet,
        octet,
        (ranges, a, b) => {
          const list = new CIDRList(ranges.map(([x, y, length]) => `10.${x}.${y}.0/${length}`))
          const number = (x: number, y: number, z: number) => ((10 * 256 + x) * 256 + y) * 256 + z
          const expected = ranges.some(([x, y, length]) => {
            const size = 2 ** (32 - length)
            return Math.floor(number(x, y, 0) / size) === Math.floor(number(a, b, 9) / size)
          })
          assert.equal(list.covers(`10.${a}.${b}.9`), expected)
        },
      ),
    )
  })

  it('tells families apart, and covers nothing of what is no range', () => {
    assert.ok(!new CIDRList(['0.0.0.0/0']).covers('::1'))
    assert.ok(!new CIDRList(['::/0']).covers('10.0.0.1'))
    assert.ok(!new CIDRList(['10.0.0.0/33', 'x/8', '', '10.0.0.0/8/8']).covers('10.0.0.1'))
    assert.ok(new CIDRList(['fd00:1::/32', '10.0.0.1']).covers('fd00:1::5'))
  })
})
