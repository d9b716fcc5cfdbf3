import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MembershipRecord } from '@isthmus/api'
import type { JoinFacts, JoiningCluster, RegisteredMember, RegistryFacts } from './join-facts.ts'
import { joinProblems } from './join-rules.ts'

const west: RegisteredMember = {
  clusterId: 'west',
  clusterset: 'prod',
  profileUID: 'profile-west',
  registeredUID: 'uid-west',
  clusterUID: 'uid-west',
  access: { server: 'https://west.example:6443', certificateAuthority: 'CA' },
  exchangeNamespace: 'isthmus-exchange',
  podCIDRs: ['10.2.0.0/16'],
  nodeCIDRs: ['192.168.0.4/32'],
  serviceCIDRs: ['10.96.0.0/16'],
  ipFamilies: ['IPv4'],
  links: {},
}

interface Changes {
  clusterId?: string
  access?: JoinFacts['access']
  probe?: JoinFacts['probe']
  cluster?: Partial<JoiningCluster>
  registry?: Partial<RegistryFacts>
}

function facts({ cluster, registry, ...changes }: Changes = {}): JoinFacts {
  return {
    clusterId: 'east',
    access: { server: 'https://east.example:6443', certificateAuthority: 'CA' },
    probe: { reached: true },
    cluster: {
      uid: 'uid-east',
      version: 'v1.30.0',
      identity: {},
      podCIDRs: ['10.1.0.0/16'],
      nodeCIDRs: ['192.168.0.4/32'],
      serviceCIDRs: ['10.96.0.0/16'],
      ipFamilies: ['IPv4'],
      otherImplementations: [],
      refusals: [],
      ...cluster,
    },
    registry: {
      clusterset: 'prod',
      namespace: 'clusterset-prod',
      access: { server: 'https://hub.example:6443' },
      members: [west],
      refusals: [],
      ...registry,
    },
    ...changes,
  }
}

const record: MembershipRecord = {
  clusterset: 'prod',
  clusterId: 'east',
  profileUID: 'profile-east',
  joinedAt: '2026-01-01T00:00:00Z',
  state: 'member',
  access: { server: 'https://east.example:6443' },
}
const east = {
  ...west,
  clusterId: 'east',
  profileUID: 'profile-east',
  registeredUID: 'uid-east',
  clusterUID: 'uid-east',
  podCIDRs: ['10.1.0.0/16'],
}
const loopback = { server: 'https://127.0.0.1:6443', certificateAuthority: 'CA' }

const scenarios: { name: string; changes: Changes; reasons: string[]; says?: RegExp }[] = [
  { name: 'a cluster that nothing speaks against', changes: {}, reasons: [] },
  {
    name: 'one that is a member already',
    changes: {
      cluster: { membership: record, identity: { clusterId: 'east', clusterset: 'prod' } },
      registry: { members: [west, east] },
    },
    reasons: [],
  },
  { name: 'an id that cannot be one', changes: { clusterId: 'East.1' }, reasons: ['IdInvalid'] },
  { name: 'an id of 64 letters', changes: { clusterId: 'a'.repeat(64) }, reasons: ['IdInvalid'] },
  {
    name: "another cluster's id",
    changes: { clusterId: 'west' },
    reasons: ['IdInUse'],
    says: /west\.example/,
  },
  {
    name: "another cluster's id, which says that it is this one: the administrator's word counts",
    changes: { clusterId: 'west', registry: { members: [{ ...west, clusterUID: 'uid-east' }] } },
    reasons: ['IdInUse'],
  },
  {
    name: 'an id whose join was interrupted before anything was known of it',
    changes: {
      clusterId: 'west',
      registry: { members: [{ ...west, registeredUID: undefined, clusterUID: undefined }] },
    },
    reasons: [],
  },
  {
    name: 'a member under another id',
    changes: { clusterId: 'east-2', registry: { members: [west, east] } },
    reasons: ['MemberUnderAnotherId'],
    says: /member east of prod/,
  },
  {
    name: 'another id in its ClusterProperty',
    changes: { cluster: { identity: { clusterId: 'e' } } },
    reasons: ['IdentityDiffers'],
  },
  {
    name: 'another set in its ClusterProperty',
    changes: { cluster: { identity: { clusterset: 'test' } } },
    reasons: ['MemberOfAnotherSet'],
  },
  {
    name: 'one that is leaving',
    changes: {
      cluster: { membership: { ...record, state: 'leaving' } },
      registry: { members: [west, east] },
    },
    reasons: ['Leaving'],
  },
  {
    name: 'a registry that was made anew',
    changes: { cluster: { membership: record } },
    reasons: ['MemberElsewhere'],
  },
  {
    name: 'Kubernetes 1.29',
    changes: { cluster: { version: 'v1.29.14-eks-123' } },
    reasons: ['KubernetesTooOld'],
    says: /1\.29\.14.*1\.30/,
  },
  { name: 'Kubernetes 2', changes: { cluster: { version: 'v2.0.0' } }, reasons: [] },
  {
    name: 'a version that is none',
    changes: { cluster: { version: 'unknown' } },
    reasons: ['KubernetesTooOld'],
  },
  {
    name: "pods in another member's pods",
    changes: { cluster: { podCIDRs: ['10.2.128.0/17'] } },
    reasons: ['RangeOverlaps'],
    says: /10\.2\.128\.0\/17.*10\.2\.0\.0\/16 of west/,
  },
  {
    name: "pods over another member's nodes",
    changes: { cluster: { podCIDRs: ['192.168.0.0/16'] } },
    reasons: ['RangeOverlaps'],
    says: /node addresses/,
  },
  {
    name: 'the same range of Services',
    changes: { cluster: { serviceCIDRs: ['10.96.0.0/16'] } },
    reasons: [],
  },
  {
    name: 'plain HTTP',
    changes: { access: { server: 'http://east.example:8080' } },
    reasons: ['ServerWithoutTLS'],
  },
  {
    name: 'a registry over plain HTTP',
    changes: { registry: { access: { server: 'http://hub.example' } } },
    reasons: ['ServerWithoutTLS'],
    says: /registry/,
  },
  {
    name: 'a server that is not verified',
    changes: { access: { server: 'https://east.example', insecure: true } },
    reasons: ['NoCertificateAuthority'],
  },
  {
    name: 'an authority that is not the right one',
    changes: { probe: { reached: false, isTLS: true, words: 'not signed' } },
    reasons: ['ServerNotVerified'],
    says: /not signed/,
  },
  {
    name: 'a server that this machine cannot reach',
    changes: { probe: { reached: false, isTLS: false, words: 'no route' } },
    reasons: [],
  },
  { name: 'a server on loopback', changes: { access: loopback }, reasons: ['ServerNotReachable'] },
  {
    name: 'a server on loopback, as all the others',
    changes: { access: loopback, registry: { access: loopback, members: [{ ...west, access: loopback }] } },
    reasons: [],
  },
  {
    name: 'the name that only pods know',
    changes: { access: { server: 'https://kubernetes.default.svc' } },
    reasons: ['ServerNotReachable'],
  },
  {
    name: 'a registry on loopback',
    changes: { registry: { access: { server: 'https://localhost:6443' } } },
    reasons: ['RegistryNotReachable'],
  },
  {
    name: 'another implementation',
    changes: {
      cluster: { otherImplementations: [{ name: 'lighthouse-agent', example: 'ServiceImport demo/hello' }] },
    },
    reasons: ['OtherImplementation'],
    says: /lighthouse-agent.*demo\/hello/,
  },
  {
    name: 'something in the way',
    changes: { cluster: { refusals: [{ message: 'no', remedy: 'Do.' }] } },
    reasons: ['InTheWay'],
  },
  {
    name: 'all at once',
    changes: {
      clusterId: 'west',
      access: loopback,
      cluster: { version: 'v1.20.0', podCIDRs: ['10.2.0.0/16'] },
      registry: { members: [west, { ...west, clusterId: 'north', registeredUID: 'uid-north' }] },
    },
    reasons: ['IdInUse', 'KubernetesTooOld', 'RangeOverlaps', 'ServerNotReachable'],
  },
]

for (const { name, changes, reasons, says = /./ } of scenarios) {
  test(`joining: ${name}`, () => {
    const problems = joinProblems(facts(changes))
    assert.deepEqual(
      problems.map(({ reason }) => reason),
      reasons,
    )
    if (reasons.length > 0) assert.match(problems.map(({ message }) => message).join('\n'), says)
    for (const { message, remedy } of problems) {
      assert.doesNotMatch(message, /\.$|undefined/)
      assert.match(remedy, /\.$/)
    }
  })
}
