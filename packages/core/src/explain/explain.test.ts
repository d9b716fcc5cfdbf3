import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EndpointSlice, ServiceImport } from '@isthmus/api'
import { withConditions } from '../conditions/conditions.ts'
import { chunkSpec, service, serviceExport, slice } from '../testing/objects.ts'
import { type Explanation, explain } from './explain.ts'
import { type ClusterReading, readValue } from './facts.ts'
import { healthyFacts, indexOf, lease, NOW } from './testing/healthy-facts.ts'
import type { StepName } from './verdict.ts'

type Change = Partial<ClusterReading>

interface Break {
  readonly name: string
  readonly east?: (east: ClusterReading) => Change
  readonly west?: (west: ClusterReading) => Change
  readonly step: StepName
  readonly cluster: string
  readonly says: RegExp
  readonly command: RegExp
}

const unready = (one: EndpointSlice): EndpointSlice => ({
  ...one,
  endpoints: [{ addresses: ['10.1.0.5'], conditions: { ready: false } }],
})

const withReady = (
  cluster: ClusterReading,
  reason: string,
  message: string,
): { value: ServiceImport | undefined } => {
  const found = readValue(cluster.serviceImport)
  if (found === undefined) return { value: undefined }
  const wanted = { type: 'Ready', status: 'False' as const, reason, message }
  const conditions = [...withConditions(found.status?.conditions, [wanted], '2026-11-22T12:00:00Z')]
  return { value: { ...found, status: { ...found.status, conditions } } }
}

const link = (changes: object): Change => ({
  links: { value: [{ clusterId: 'east', highestSequence: NOW - 3_600_000, state: 'connected', ...changes }] },
})

/** One thing is broken in each; the first broken step has to be that one. */
const BREAKS: readonly Break[] = [
  {
    name: 'a ServiceExport without its Service',
    east: () => ({ service: { value: undefined } }),
    step: 'service',
    cluster: 'east',
    says: /no Service demo\/hello in east/,
    command: /^kubectl --context east -n demo get services$/,
  },
  {
    name: 'a Service that is being deleted',
    east: () => ({ service: { value: service({}, { deletionTimestamp: '2026-11-22T11:59:59Z' }) } }),
    step: 'service',
    cluster: 'east',
    says: /being deleted/,
    command: /get services/,
  },
  {
    name: 'a Service of type ExternalName',
    east: () => ({ service: { value: service({ type: 'ExternalName', externalName: 'x.example' }) } }),
    step: 'service',
    cluster: 'east',
    says: /ExternalName/,
    command: /get service hello -o yaml/,
  },
  {
    name: 'no ServiceExport',
    east: () => ({ serviceExport: { value: undefined }, index: { value: indexOf('east', []) } }),
    step: 'service-export',
    cluster: 'east',
    says: /no ServiceExport demo\/hello in east/,
    command: /printf .*kind: ServiceExport.*\| kubectl --context east apply -f -/,
  },
  {
    name: 'no ready endpoints',
    east: () => ({ sourceSlices: { value: [unready(slice('hello-1'))] } }),
    step: 'endpoints',
    cluster: 'east',
    says: /0 of 1 endpoint ready in east/,
    command: /get endpointslices -l kubernetes.io\/service-name=hello/,
  },
  {
    name: 'an agent of the exporter that is silent',
    east: () => ({ heartbeat: { value: lease(300_000) }, leader: { value: lease(300_000) } }),
    step: 'agent',
    cluster: 'east',
    says: /agent of east does not run: its Lease was renewed 5 min ago/,
    command: /^isthmus agent --context east$/,
  },
  {
    name: 'an agent that leads and does not publish',
    east: () => ({ heartbeat: { value: lease(300_000) } }),
    step: 'agent',
    cluster: 'east',
    says: /that leads, x, publishes nothing/,
    command: /isthmus-exchange get leases/,
  },
  {
    name: 'an agent that never ran',
    west: () => ({ heartbeat: { value: undefined }, leader: { value: undefined } }),
    step: 'agent',
    cluster: 'west',
    says: /agent of west has never published/,
    command: /isthmus agent --context west/,
  },
  {
    name: 'a record that every member refuses',
    east: () => ({
      serviceExport: {
        value: { ...serviceExport(), metadata: { ...serviceExport().metadata, creationTimestamp: 'once' } },
      },
    }),
    step: 'record',
    cluster: 'east',
    says: /no member accepts the record of east: exportedAt/,
    command: /get service,serviceexport hello/,
  },
  {
    name: 'a record that is missing',
    east: () => ({ record: { value: undefined } }),
    step: 'record',
    cluster: 'east',
    says: /record of demo\/hello is not in the exchange of east/,
    command: /describe serviceexport hello/,
  },
  {
    name: 'a record that is out of date',
    east: () => ({ service: { value: service({ ports: [{ name: 'http', port: 81 }] }) } }),
    step: 'record',
    cluster: 'east',
    says: /not what its Service is now/,
    command: /get exportedservices hello.demo/,
  },
  {
    name: 'no index',
    east: () => ({ index: { value: undefined } }),
    step: 'index',
    cluster: 'east',
    says: /no ExportIndex in the exchange of east/,
    command: /get exportindexes index/,
  },
  {
    name: 'an index that does not name the service',
    east: () => ({ index: { value: indexOf('east', []) } }),
    step: 'index',
    cluster: 'east',
    says: /does not name demo\/hello/,
    command: /describe serviceexport hello/,
  },
  {
    name: 'an index of another id',
    east: () => ({ index: { value: indexOf('eest', ['demo/hello']) } }),
    step: 'index',
    cluster: 'east',
    says: /says that it is of "eest"/,
    command: /get exportindexes/,
  },
  {
    name: 'no link',
    west: () => ({ links: { value: [] }, importedSlices: { value: [] } }),
    step: 'link',
    cluster: 'west',
    says: /agent of west has never read the exchange of east/,
    command: /-n isthmus-system get configmaps,secrets/,
  },
  {
    name: 'a link whose credentials are refused',
    west: () => link({ state: 'degraded', reason: 'its API server does not accept our credentials (401)' }),
    step: 'link',
    cluster: 'west',
    says: /link of west to east is degraded: .*\(401\)/,
    command: /^isthmus relink --context west --peer east/,
  },
  {
    name: 'a link that may not read',
    west: () => link({ state: 'lost', reason: 'we may not read its exchange (403 for exportindexes)' }),
    step: 'link',
    cluster: 'west',
    says: /is lost: .*\(403/,
    command: /^isthmus install --context east$/,
  },
  {
    name: 'a link to an API server that is away',
    west: () =>
      link({
        state: 'lost',
        reason: 'its API server refuses connections (ECONNREFUSED)',
        since: '2026-11-22T11:00:00Z',
      }),
    step: 'link',
    cluster: 'west',
    says: /is lost since 2026-11-22T11:00:00Z: its API server refuses connections/,
    command: /^kubectl --context east get --raw \/readyz$/,
  },
  {
    name: 'an index that went back',
    west: () => link({ highestSequence: NOW }),
    step: 'link',
    cluster: 'west',
    says: /went back from sequence/,
    command: /get exportindexes,leases/,
  },
  {
    name: 'an index that has not been read',
    west: () => link({ highestSequence: 5 }),
    step: 'link',
    cluster: 'west',
    says: /west is behind east: .* written 60 min ago/,
    command: /get exportindexes index/,
  },
  {
    name: 'endpoints that are refused',
    east: east => {
      const name = [...(readValue(east.chunks)?.keys() ?? [])][0] ?? ''
      const spec = chunkSpec({
        endpoints: [{ addresses: ['127.0.0.1'], ready: true, serving: true, terminating: false }],
      })
      const chunk = {
        apiVersion: 'isthmus.dev/v1alpha1',
        kind: 'ExportedEndpoints',
        metadata: { name },
        spec,
      }
      const sourceSlices = [
        slice('hello-1', { endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }] }),
      ]
      return {
        chunks: {
          value: new Map([
            [
              name,
              {
                ...chunk,
                spec: {
                  ...spec,
                  endpoints: [{ addresses: ['127.0.0.1'], ready: true, serving: true, terminating: false }],
                },
              },
            ],
          ]),
        },
        sourceSlices: { value: sourceSlices },
      }
    },
    step: 'refusals',
    cluster: 'west',
    says: /west does not use this of the export of east: endpoint: address "127.0.0.1"/,
    command: /kubectl --context east -n demo get service/,
  },
  {
    name: 'a policy that keeps the member out',
    west: () => {
      const refusal = {
        rule: 'policy',
        message: 'no ImportPolicy lets cluster east contribute to namespace demo',
      }
      return {
        admission: { refusalOf: () => refusal, admit: () => ({ export: undefined, refusals: [refusal] }) },
      }
    },
    step: 'refusals',
    cluster: 'west',
    says: /policies of west keep out what east exports: policy: no ImportPolicy/,
    command: /^kubectl --context west get importpolicies -o yaml$/,
  },
  {
    name: 'no namespace',
    west: () => ({
      namespace: { value: undefined },
      derivedService: { value: undefined },
      importedSlices: { value: [] },
      serviceImport: { value: undefined },
    }),
    step: 'namespace',
    cluster: 'west',
    says: /no namespace demo in west/,
    command: /^kubectl --context west create namespace demo$/,
  },
  {
    name: "a user's Service of the derived name",
    west: west => ({
      derivedService: {
        value: service(
          {},
          readValue(west.derivedService)?.metadata.name
            ? { name: readValue(west.derivedService)?.metadata.name as string }
            : {},
        ),
      },
    }),
    step: 'names',
    cluster: 'west',
    says: /that Isthmus did not make, where the derived Service has to be/,
    command: /^kubectl --context west -n demo get service hello-[0-9a-f]{10} -o yaml$/,
  },
  {
    name: "a user's ServiceImport",
    west: west => {
      const found = readValue(west.serviceImport)
      return {
        serviceImport: { value: found && { ...found, metadata: { namespace: 'demo', name: 'hello' } } },
      }
    },
    step: 'names',
    cluster: 'west',
    says: /a ServiceImport demo\/hello that Isthmus did not make/,
    command: /get serviceimport hello -o yaml/,
  },
  {
    name: 'a quota that leaves no room',
    west: west => ({
      derivedService: { value: undefined },
      importedSlices: { value: [] },
      serviceImport: withReady(
        west,
        'Pending',
        'services "hello-1" is forbidden: exceeded quota: none, requested: services=1',
      ),
    }),
    step: 'derived-service',
    cluster: 'west',
    says: /derived Service hello-\w+ is not there in west: .*exceeded quota/,
    command: /^kubectl --context west -n demo describe resourcequotas$/,
  },
  {
    name: 'an agent that may not make Services',
    west: west => ({
      derivedService: { value: undefined },
      importedSlices: { value: [] },
      serviceImport: withReady(
        west,
        'Pending',
        'services is forbidden: User "x" cannot create resource "services"',
      ),
    }),
    step: 'derived-service',
    cluster: 'west',
    says: /cannot create resource "services"/,
    command: /^isthmus install --context west$/,
  },
  {
    name: 'families without overlap',
    west: west => ({
      derivedService: { value: undefined },
      importedSlices: { value: [] },
      serviceImport: withReady(west, 'IPFamilyNotSupported', 'exported for IPv4'),
    }),
    step: 'derived-service',
    cluster: 'west',
    says: /exported for IPv4, which Services of west do not have/,
    command: /get serviceimport hello/,
  },
  {
    name: 'a derived Service that was edited',
    west: west => {
      const found = readValue(west.derivedService)
      return {
        derivedService: {
          value: found && { ...found, spec: { ...found.spec, ports: [{ name: 'http', port: 81 }] } },
        },
      }
    },
    step: 'derived-service',
    cluster: 'west',
    says: /is not as it should be/,
    command: /get service hello-/,
  },
  {
    name: 'a slice that was edited',
    west: west => ({ importedSlices: { value: (readValue(west.importedSlices) ?? []).map(unready) } }),
    step: 'slices',
    cluster: 'west',
    says: /1 of 1 EndpointSlices of east in west is not what east exports now \(hello-\S+ differs\)/,
    command: /source-cluster=east -o yaml/,
  },
  {
    name: 'a slice that is left over',
    west: west => {
      const [one] = readValue(west.importedSlices) ?? []
      const left = one && { ...one, metadata: { ...one.metadata, name: 'left' } }
      return { importedSlices: { value: one && left ? [one, left] : [] } }
    },
    step: 'slices',
    cluster: 'west',
    says: /1 EndpointSlices of east in west should be gone \(left\)/,
    command: /source-cluster=east/,
  },
  {
    name: 'no ServiceImport',
    west: () => ({ serviceImport: { value: undefined } }),
    step: 'service-import',
    cluster: 'west',
    says: /no ServiceImport demo\/hello in west/,
    command: /describe serviceimport hello/,
  },
  {
    name: 'a ServiceImport with other addresses',
    west: west => {
      const found = readValue(west.serviceImport)
      return { serviceImport: { value: found && { ...found, spec: { ...found.spec, ips: ['10.96.9.9'] } } } }
    },
    step: 'service-import',
    cluster: 'west',
    says: /is not what the members export now/,
    command: /describe serviceimport hello/,
  },
  {
    name: 'a DNS server that does not know the name',
    west: () => ({
      dns: { value: { server: '127.0.0.1:5353', answer: { failure: 'no such name (NXDOMAIN)' } } },
    }),
    step: 'dns',
    cluster: 'west',
    says: /127.0.0.1:5353, does not know hello.demo.svc.clusterset.local: no such name/,
    command: /^dig @127.0.0.1 -p 5353 hello.demo.svc.clusterset.local$/,
  },
  {
    name: 'a DNS server of another cluster',
    west: () => ({ dns: { value: { server: '127.0.0.1:5353', answer: { addresses: ['10.0.0.1'] } } } }),
    step: 'dns',
    cluster: 'west',
    says: /answers 10.0.0.1, not 10.96.3.3/,
    command: /^dig /,
  },
  {
    name: 'no service proxy',
    west: () => ({
      connect: {
        value: { address: '10.96.3.3', port: 80, result: { failure: 'the connection was refused' } },
      },
    }),
    step: 'connect',
    cluster: 'west',
    says: /nothing answers at 10.96.3.3:80 in west/,
    command: /get pods -l k8s-app=kube-proxy/,
  },
]

describe('the first broken step', () => {
  for (const { name, east, west, step, cluster, says, command } of BREAKS) {
    it(`of ${name} is ${step} in ${cluster}`, () => {
      const facts = healthyFacts((e, w) => ({ east: east?.(e) ?? {}, west: west?.(w) ?? {} }))
      const { firstBroken, works } = explain(facts, 'west')
      assert.equal(works, false)
      assert.equal(firstBroken?.state, 'broken', JSON.stringify(firstBroken))
      assert.deepEqual([firstBroken.step, firstBroken.cluster], [step, cluster], firstBroken.what)
      assert.match(firstBroken.what, says)
      assert.match(firstBroken.wayOut.command ?? '', command)
      assert.match(firstBroken.wayOut.sentence, /\.$/)
    })
  }
})

/** `cluster step: state`, of what is not ok. */
function notOk({ sections }: Explanation): string[] {
  return sections
    .flatMap(({ findings }) => findings)
    .filter(({ state }) => state !== 'ok')
    .map(({ cluster = '-', step, state }) => `${cluster} ${step}: ${state}`)
}

describe('an explanation', () => {
  it('finds nothing where nothing is broken, and walks every step', () => {
    const explanation = explain(healthyFacts())
    assert.deepEqual(notOk(explanation), [])
    assert.equal(explanation.works, true)
    const west = explanation.sections.find(({ role, cluster }) => role === 'import' && cluster === 'west')
    assert.deepEqual(
      west?.findings.map(({ step }) => step),
      [
        'agent',
        'link',
        'refusals',
        'namespace',
        'names',
        'derived-service',
        'slices',
        'service-import',
        'dns',
        'connect',
      ],
    )
  })

  it('looks at the way to one cluster alone where it is told which', () => {
    const { sections } = explain(healthyFacts(), 'east')
    assert.deepEqual(
      sections.map(({ role, cluster }) => `${role} ${cluster}`),
      ['export east', 'import east'],
    )
  })

  it('says unknown of what may not be read, and is not misled by it', () => {
    const why = { unread: 'you may not list exportindexes there (403)' }
    const explanation = explain(
      healthyFacts(() => ({ east: { index: why, record: why, chunks: why, heartbeat: why } })),
      'west',
    )
    assert.equal(explanation.works, true, JSON.stringify(explanation.firstBroken))
    assert.ok(notOk(explanation).every(line => line.endsWith('unknown')))
  })

  it('names a member that no context leads to, and what cannot be reached', () => {
    const facts = healthyFacts()
    const alone = {
      ...facts,
      clusters: facts.clusters.filter(({ clusterId }) => clusterId === 'west'),
      unreachable: [{ context: 'east', server: 'https://east', why: 'the connection was refused' }],
    }
    const { firstBroken } = explain(alone, 'west')
    assert.equal(firstBroken?.step, 'context')
    assert.match(firstBroken?.state === 'broken' ? firstBroken.what : '', /of the members, east was not seen/)
    const unrelated = { ...facts, unreachable: alone.unreachable }
    assert.equal(explain(unrelated).works, true, 'all members are seen: it is none of them')
    assert.deepEqual(notOk(explain(unrelated)), ['- context: unknown'])
  })

  it('names two clusters with one id', () => {
    const facts = healthyFacts(() => ({ west: { clusterId: 'east' } }))
    const { firstBroken } = explain(facts)
    assert.equal(firstBroken?.step, 'member')
  })

  it('names a cluster that is prepared and has not joined', () => {
    const outsider = {
      context: 'new',
      kubectl: 'kubectl --context new',
      server: 'https://new',
      prepared: true,
    }
    const { firstBroken } = explain({ ...healthyFacts(), outsiders: [outsider] })
    assert.match(
      firstBroken?.state === 'broken' ? (firstBroken.wayOut.command ?? '') : '',
      /^isthmus join --context new/,
    )
    assert.equal(explain({ ...healthyFacts(), outsiders: [{ ...outsider, prepared: false }] }).works, true)
  })

  it('warns of a conflict, which breaks nothing', () => {
    const exported = serviceExport()
    const wanted = {
      type: 'Conflict',
      status: 'True' as const,
      reason: 'PortConflict',
      message: 'ports differ',
    }
    const conditions = [...withConditions([], [wanted], '2026-11-22T12:00:00Z')]
    const explanation = explain(
      healthyFacts(() => ({ east: { serviceExport: { value: { ...exported, status: { conditions } } } } })),
    )
    assert.deepEqual(notOk(explanation), ['east conflicts: warning'])
    assert.equal(explanation.works, true)
  })

  it('says so where nobody has the Service', () => {
    const facts = healthyFacts(() => ({
      east: {
        service: { value: undefined },
        serviceExport: { value: undefined },
        index: { value: indexOf('east', []) },
        derivedService: { value: undefined },
        importedSlices: { value: [] },
        serviceImport: { value: undefined },
      },
      west: {
        derivedService: { value: undefined },
        importedSlices: { value: [] },
        serviceImport: { value: undefined },
      },
    }))
    const { firstBroken } = explain(facts)
    assert.match(firstBroken?.state === 'broken' ? firstBroken.what : '', /in east, nor in any other member/)
  })
})
