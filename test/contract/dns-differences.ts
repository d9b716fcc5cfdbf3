/** Where our DNS server deliberately answers otherwise than the recorded CoreDNS, and why. */

/** What is answered: no records of the type, no such name, nothing for this zone, or one record. */
export type Expectation =
  | 'NODATA'
  | 'NXDOMAIN'
  | 'REFUSED'
  | { readonly name: string; readonly type: string; readonly ttl: number; readonly data: string }

export interface Difference {
  readonly why: string
  readonly expect: Expectation
}

interface DifferenceGroup extends Difference {
  /** `name type`. */
  readonly questions: readonly string[]
}

const record = (name: string, type: string, data: string, ttl = 5) => ({ name: `${name}.`, type, ttl, data })

const GROUPS: readonly DifferenceGroup[] = [
  {
    why: 'the specification says schema 1.0.0',
    questions: ['dns-version.clusterset.local TXT'],
    expect: record('dns-version.clusterset.local', 'TXT', '"1.0.0"', 28_800),
  },
  {
    why: 'the specification says schema 1.0.0',
    questions: ['DNS-Version.clusterset.local TXT'],
    expect: record('DNS-Version.clusterset.local', 'TXT', '"1.0.0"', 28_800),
  },
  {
    why: 'the apex of a zone has NS records',
    questions: ['clusterset.local NS'],
    expect: record('clusterset.local', 'NS', 'ns.dns.clusterset.local.'),
  },
  {
    why: 'the name exists',
    questions: [
      'clusterset.local TXT',
      'svc.clusterset.local TXT',
      'tin.svc.clusterset.local TXT',
      'lead.svc.clusterset.local TXT',
      'pending.gold.svc.clusterset.local TXT',
      'dns-version.clusterset.local A',
      'dns-version.clusterset.local ANY',
      'dns-version.clusterset.local SRV',
    ],
    expect: 'NODATA',
  },
  {
    why: 'the name does not exist, whatever the type',
    questions: [
      'x.clusterset.local SOA',
      'none.tin.svc.clusterset.local SOA',
      'unready.iron.svc.clusterset.local SOA',
      'empty.iron.svc.clusterset.local SOA',
    ],
    expect: 'NXDOMAIN',
  },
  {
    why: 'the specification has no names of pods',
    questions: ['pod.clusterset.local A', '192-0-2-1.tin.pod.clusterset.local A'],
    expect: 'NXDOMAIN',
  },
  {
    why: 'the name is not in the zone',
    questions: [
      '. NS',
      '. SOA',
      '. A',
      'local A',
      'local SOA',
      'example.test A',
      'example.test MX',
      'clusterset.example A',
      'xclusterset.local A',
      '1.2.0.192.in-addr.arpa PTR',
      '10.200.93.10.in-addr.arpa PTR',
    ],
    expect: 'REFUSED',
  },
  {
    why: 'labels of ports and protocols begin with an underscore (RFC 2782)',
    questions: [
      'http._tcp.single.gold.svc.clusterset.local SRV',
      'http._tcp.single.gold.svc.clusterset.local A',
      '_http.tcp.single.gold.svc.clusterset.local SRV',
      '_http.tcp.single.gold.svc.clusterset.local A',
    ],
    expect: 'NXDOMAIN',
  },
  {
    why: 'the specification has no SRV records of unnamed ports',
    questions: [
      '_._tcp.unnamed.gold.svc.clusterset.local SRV',
      '_._tcp.unnamed.gold.svc.clusterset.local A',
      '_._tcp.unnamed.iron.svc.clusterset.local SRV',
      '_._tcp.unnamed.iron.svc.clusterset.local A',
    ],
    expect: 'NXDOMAIN',
  },
  {
    why: 'only headless imports have names of endpoints',
    questions: ['192-0-2-1.east.single.gold.svc.clusterset.local A'],
    expect: 'NXDOMAIN',
  },
  {
    why: 'the target of an SRV record resolves, also with a dot in the cluster id',
    questions: ['a.east.eu.dotted.iron.svc.clusterset.local A'],
    expect: record('a.east.eu.dotted.iron.svc.clusterset.local', 'A', '192.0.2.80'),
  },
  {
    why: 'the target of an SRV record resolves, also with a dot in the cluster id',
    questions: ['192-0-2-81.east.eu.dotted.iron.svc.clusterset.local A'],
    expect: record('192-0-2-81.east.eu.dotted.iron.svc.clusterset.local', 'A', '192.0.2.81'),
  },
  {
    why: 'the name exists, also with a dot in the cluster id',
    questions: ['a.east.eu.dotted.iron.svc.clusterset.local AAAA'],
    expect: 'NODATA',
  },
]

/** By question: `name type`. */
export const DIFFERENCES: ReadonlyMap<string, Difference> = new Map(
  GROUPS.flatMap(({ questions, ...difference }) =>
    questions.map(question => [question, difference] as const),
  ),
)
