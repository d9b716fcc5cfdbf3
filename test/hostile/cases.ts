/** What a member that was taken over tries, and what its peers say to it. */
import type { Attacker } from './attacker.ts'

export interface HostileCase {
  readonly what: string
  readonly attack: (attacker: Attacker) => void
  /** Where a ServiceImport would be, if it got in. Without: nothing of the attacker's may be reached anywhere. */
  readonly importOf?: string
  /** Addresses of the attacker's that may be reached in spite of all: of what is right in what he sends. */
  readonly reached?: readonly string[]
  /** The rule, as the metric has it. */
  readonly rule?: string
  /** Found in an Event, the status of the import, or the link's. */
  readonly says: RegExp
}

const endpoint = (address: string, more: object = {}) => ({
  addresses: [address],
  ready: true,
  serving: true,
  terminating: false,
  ...more,
})

/** One endpoint that is right, so that it can be seen to be taken, and one that is not. */
const address = (
  what: string,
  value: string,
  rule: string,
  says: RegExp,
  addressType = 'IPv4',
): HostileCase => ({
  what: `an address ${what}`,
  attack: attacker =>
    attacker.forge({
      spec: { ipFamilies: ['IPv4', 'IPv6'] },
      chunks: [{}, { addressType, endpoints: [endpoint(value)] }],
    }),
  importOf: 'demo/loot',
  reached: ['10.66.0.1'],
  rule,
  says,
})

const record = (what: string, spec: Record<string, unknown>, rule: string, says: RegExp): HostileCase => ({
  what,
  attack: attacker => attacker.forge({ spec }),
  rule,
  says,
})

const LONG = 'a'.repeat(253)

export const CASES: readonly HostileCase[] = [
  // Namespaces.
  {
    what: 'a namespace that no policy lets it fill',
    attack: attacker => attacker.forge({ namespace: 'bank', name: 'vault' }),
    rule: 'policy',
    says: /no ImportPolicy lets cluster east contribute to namespace bank/,
  },
  {
    what: 'a namespace of Kubernetes',
    attack: attacker => attacker.forge({ namespace: 'kube-system', name: 'kube-dns' }),
    rule: 'systemNamespace',
    says: /nothing is imported into kube-system/,
  },
  {
    what: 'the namespace of the agent',
    attack: attacker => attacker.forge({ namespace: 'isthmus-system', name: 'agent' }),
    rule: 'ownNamespace',
    says: /nothing is imported into isthmus-system/,
  },
  {
    what: 'the exchange',
    attack: attacker => attacker.forge({ namespace: 'isthmus-exchange', name: 'index' }),
    rule: 'ownNamespace',
    says: /nothing is imported into isthmus-exchange/,
  },
  {
    what: 'a record that speaks of another namespace than its name',
    attack: attacker => attacker.forge({ spec: { service: { namespace: 'bank', name: 'vault' } } }),
    rule: 'service',
    says: /spec.service is not what the name says/,
  },
  // Identity.
  {
    what: "another's cluster id in its index",
    attack: attacker => {
      attacker.forge({})
      attacker.index({ clusterId: 'west' })
    },
    says: /calls itself "west", not east/,
  },
  {
    what: "another's cluster id on its records",
    attack: attacker =>
      attacker.forge({
        metadata: { labels: { 'multicluster.kubernetes.io/source-cluster': 'west' } },
        spec: { clusterId: 'west' },
        chunks: [{ clusterId: 'west' }, { endpoints: [endpoint('127.0.0.1')] }],
      }),
    // What it is taken for is what was read over its link.
    reached: ['10.66.0.1'],
    importOf: 'demo/loot',
    says: /of the export of cluster east/,
  },
  {
    what: 'chunks of another service',
    attack: attacker => attacker.forge({ spec: { chunks: ['hello.demo.0123456789', '../west/hello'] } }),
    importOf: 'demo/loot',
    rule: 'chunks',
    says: /a chunk of another service is named/,
  },
  // Labels and annotations.
  {
    what: 'labels and annotations that steer controllers',
    attack: attacker =>
      attacker.forge({
        spec: {
          labels: {
            'argocd.argoproj.io/instance': 'x',
            'app.kubernetes.io/managed-by': 'Helm',
            ['x'.repeat(64)]: 'y',
          },
          annotations: { 'service.kubernetes.io/topology-mode': 'Auto', 'a b': 'c' },
        },
      }),
    importOf: 'demo/loot',
    reached: ['10.66.0.1'],
    rule: 'labels',
    says: /labels: argocd.argoproj.io\/instance has a reserved prefix/,
  },
  // Names.
  ...[
    '../kube-system/x',
    'demo/../bank',
    'demo/..',
    'demo//x',
    '/demo/x',
    'demo/x/y',
    'demo/%2e%2e',
    'demo/x\u0000',
  ].map(
    (key): HostileCase => ({
      what: `the name ${JSON.stringify(key)}`,
      attack: attacker => attacker.index({ services: [key] }),
      rule: 'index',
      says: /names in its ExportIndex are not namespace\/name/,
    }),
  ),
  ...[
    `demo/${'a'.repeat(64)}`,
    `demo/${LONG}`,
    `${LONG}/x`,
    'demo/hеllo',
    'demo/ﬁ',
    'demo/💥',
    'demo/Hello',
  ].map(
    (key): HostileCase => ({
      what: `the name ${key.slice(0, 20)} of ${key.length} characters`,
      attack: attacker => attacker.index({ services: [key] }),
      rule: 'index',
      says: /names in its ExportIndex are not namespace\/name/,
    }),
  ),
  {
    what: 'a name of 63 characters, which is allowed, with a hostname that is not',
    attack: attacker =>
      attacker.forge({
        name: 'a'.repeat(63),
        chunks: [{}, { endpoints: [endpoint('10.66.0.9', { hostname: 'ｈｏｓｔ' })] }],
      }),
    importOf: `demo/${'a'.repeat(63)}`,
    reached: ['10.66.0.1'],
    rule: 'endpoint',
    says: /a hostname is not a DNS label/,
  },
  // Addresses.
  address('of loopback', '127.0.0.1', 'endpoint', /is a loopback address/),
  address('of loopback (IPv6)', '::1', 'endpoint', /is a loopback address/, 'IPv6'),
  address('of the link', '169.254.1.1', 'endpoint', /is a link-local address/),
  address('of the link (IPv6)', 'fe80::1', 'endpoint', /is a link-local address/, 'IPv6'),
  address('of the metadata service', '169.254.169.254', 'endpoint', /is a metadata service address/),
  address(
    'of the metadata service (IPv6)',
    'fd00:ec2::254',
    'endpoint',
    /is a metadata service address/,
    'IPv6',
  ),
  address('of many', '224.0.0.1', 'endpoint', /is a multicast address/),
  address('of many (IPv6)', 'ff02::1', 'endpoint', /is a multicast address/, 'IPv6'),
  address('of nobody', '0.0.0.0', 'endpoint', /is a unspecified address/),
  address('of nobody (IPv6)', '::', 'endpoint', /is a unspecified address/, 'IPv6'),
  address('of all', '255.255.255.255', 'endpoint', /is a broadcast address/),
  address('in disguise', '::ffff:127.0.0.1', 'endpoint', /is a IPv4-mapped address/, 'IPv6'),
  address('that is none', '010.1.1.1', 'endpoint', /is not an IPv4 address/),
  address(
    "of the importer's API server",
    '192.0.2.10',
    'apiServerAddress',
    /is an address of this cluster's API server/,
  ),
  address(
    "in the importer's range of pods",
    '10.244.3.7',
    'podRange',
    /is in this cluster's own range of pods/,
  ),
  address(
    "in the importer's range of Services",
    '10.92.0.77',
    'serviceRange',
    /is in this cluster's own range of Services/,
  ),
  address(
    'that its policy does not allow',
    '10.2.0.1',
    'policyAddresses',
    /is in no range that an ImportPolicy allows it/,
  ),
  // Ports and the rest of a record.
  record('port 0', { ports: [{ port: 0 }] }, 'ports', /port 0 is not between 1 and 65535/),
  record('port 65536', { ports: [{ port: 65_536 }] }, 'ports', /port 65536 is not between/),
  record('a port that is no number', { ports: [{ port: '80; rm' }] }, 'ports', /is not between/),
  record(
    'two thousand ports',
    { ports: Array.from({ length: 2_000 }, (_, i) => ({ name: `p${i}`, port: i + 1 })) },
    'ports',
    /not a list of at most/,
  ),
  record('a type of its own', { type: 'ExternalName' }, 'type', /type "ExternalName" is unknown/),
  record('no time', { exportedAt: 'before all others' }, 'exportedAt', /not an RFC 3339 time/),
  record(
    'a million names of chunks',
    { chunks: Array.from({ length: 50_000 }, (_, i) => `loot.demo.${i}`) },
    'chunks',
    /not a list of at most/,
  ),
  {
    what: 'an endpoint port out of range',
    attack: attacker =>
      attacker.forge({ chunks: [{}, { ports: [{ name: 'http', protocol: 'TCP', port: 99_999 }] }] }),
    importOf: 'demo/loot',
    reached: ['10.66.0.1'],
    rule: 'endpoints',
    says: /a port is not between 1 and 65535/,
  },
]
