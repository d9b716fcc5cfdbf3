/** For tests: two clusters as they are when all is well, made by the rules that agents use. */
import type {
  EndpointSlice,
  ExportedEndpoints,
  ExportedService,
  ExportIndex,
  Lease,
  Service,
  ServiceImport,
} from '@isthmus/api'
import { recordOf } from '../../export/record.ts'
import { newServiceImport, nextImportStatus } from '../../import/desired-import.ts'
import { newDerivedService } from '../../import/desired-service.ts'
import { desiredSlice } from '../../import/desired-slices.ts'
import { keptFieldsOf } from '../../import/kept-fields.ts'
import { type ImportedPlan, planImport } from '../../import/plan.ts'
import { readinessOf } from '../../import/readiness.ts'
import type { Contribution } from '../../member/contribution.ts'
import { service, serviceExport, slice } from '../../testing/objects.ts'
import type { ClusterReading, Facts } from '../facts.ts'
import { ownContribution } from '../service-facts.ts'

export const NOW = Date.parse('2026-11-22T12:00:00Z')
const SEQUENCE = NOW - 3_600_000
const kept = keptFieldsOf(undefined)

const time = (before: number) => new Date(NOW - before).toISOString()

export function lease(silentMs: number): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {},
    spec: { holderIdentity: 'x', leaseDurationSeconds: 40, renewTime: time(silentMs) },
  }
}

export function indexOf(clusterId: string, services: string[], sequence = SEQUENCE): ExportIndex {
  return {
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'ExportIndex',
    metadata: { name: 'index' },
    spec: { sequence, clusterId, services },
  }
}

/** `east` exports demo/hello, `west` imports it; `change` breaks something in one of them, or in both. */
export function healthyFacts(
  change: (east: ClusterReading, west: ClusterReading) => { east?: object; west?: object } = () => ({}),
): Facts {
  const source = exporting('east')
  const contribution = ownContribution(source, 'hello')
  const east = { ...source, ...imported('east', contribution) }
  const west = { ...empty('west'), ...imported('west', contribution) }
  const changed = change(east, west)
  return {
    namespace: 'demo',
    name: 'hello',
    clusters: [
      { ...east, ...changed.east },
      { ...west, ...changed.west },
    ],
    unreachable: [],
    outsiders: [],
  }
}

function exporting(clusterId: string): ClusterReading {
  const exported = { ...serviceExport(), status: { conditions: [] } }
  const sourceSlices = [slice('hello-1')]
  const record = recordOf(exported, service(), sourceSlices)
  const chunks = new Map<string, ExportedEndpoints>(
    [...record.chunks].map(([name, spec]) => [
      name,
      { apiVersion: 'isthmus.dev/v1alpha1', kind: 'ExportedEndpoints', metadata: { name }, spec },
    ]),
  )
  const stored: ExportedService = {
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'ExportedService',
    metadata: { name: 'hello.demo' },
    spec: record.spec,
  }
  return {
    ...empty(clusterId),
    service: { value: service() },
    sourceSlices: { value: sourceSlices },
    serviceExport: { value: exported },
    index: { value: indexOf(clusterId, ['demo/hello']) },
    record: { value: stored },
    chunks: { value: chunks },
  }
}

function empty(clusterId: string): ClusterReading {
  const peer = clusterId === 'east' ? 'west' : 'east'
  return {
    context: clusterId,
    kubectl: `kubectl --context ${clusterId}`,
    server: `https://${clusterId}`,
    clusterId,
    clusterset: 'prod',
    isAssumed: false,
    registryContext: undefined,
    installedIn: { agentNamespace: 'isthmus-system', exchangeNamespace: 'isthmus-exchange' },
    namespace: { value: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } } },
    service: { value: undefined },
    sourceSlices: { value: [] },
    serviceExport: { value: undefined },
    index: { value: indexOf(clusterId, []) },
    record: { value: undefined },
    chunks: { value: new Map() },
    heartbeat: { value: lease(5_000) },
    leader: { value: lease(1_000) },
    links: { value: [{ clusterId: peer, highestSequence: SEQUENCE, state: 'connected' }] },
    isJoined: true,
    readers: { value: [peer] },
    derivedService: { value: undefined },
    importedSlices: { value: [] },
    serviceImport: { value: undefined },
    admission: {
      refusalOf: () => undefined,
      admit: memberExport => ({ export: memberExport, refusals: [] }),
    },
    kept,
    dns: { value: { server: '127.0.0.1:53', answer: { addresses: ['10.96.3.3'] } } },
    connect: { value: { address: '10.96.3.3', port: 80, result: { milliseconds: 1 } } },
    clocks: [NOW],
  }
}

/** What the agent of a cluster makes of the export. */
function imported(clusterId: string, contribution: Contribution) {
  const context = { namespace: 'demo', name: 'hello', clusterId }
  const none = { derivedService: undefined, slices: [], serviceImport: undefined }
  const plan = planImport({
    ...context,
    contributions: new Map([['east', contribution]]),
    supportedFamilies: ['IPv4'],
    existing: none,
  }) as ImportedPlan
  const ips = ['10.96.3.3']
  const bare = newDerivedService('demo', 'hello', plan, undefined)
  const derivedService: Service = {
    ...bare,
    metadata: { ...bare.metadata, uid: 'derived' },
    spec: { ...bare.spec, clusterIP: '10.96.3.3', clusterIPs: ips },
  }
  const slices: EndpointSlice[] = plan.slices.map(planned =>
    desiredSlice(planned, plan, { ...context, derivedService }),
  )
  const fresh = newServiceImport('demo', 'hello', plan, ips, kept)
  const status = nextImportStatus(fresh, plan, readinessOf(plan, undefined), time(0), kept)
  const serviceImport: ServiceImport = status === undefined ? fresh : { ...fresh, status }
  return {
    derivedService: { value: derivedService },
    importedSlices: { value: slices },
    serviceImport: { value: serviceImport },
  }
}
