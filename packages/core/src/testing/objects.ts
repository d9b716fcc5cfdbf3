/** Objects for tests, with as little said as the test is about. */
import type {
  EndpointSlice,
  ExportedEndpointsSpec,
  ExportedServiceSpec,
  Service,
  ServiceExport,
} from '@isthmus/api'
import type { Contribution } from '../member/contribution.ts'
import type { MemberExport } from '../merge/exports.ts'

export function exportedSpec(spec: Partial<ExportedServiceSpec> = {}): ExportedServiceSpec {
  return {
    service: { namespace: 'demo', name: 'hello' },
    exportedAt: '2026-11-22T08:00:00Z',
    type: 'ClusterSetIP',
    ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
    ipFamilies: ['IPv4'],
    sessionAffinity: 'None',
    chunks: [],
    ...spec,
  }
}

export function chunkSpec(spec: Partial<ExportedEndpointsSpec> = {}): ExportedEndpointsSpec {
  return {
    service: { namespace: 'demo', name: 'hello' },
    addressType: 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: [{ addresses: ['10.1.0.5'], ready: true, serving: true, terminating: false }],
    ...spec,
  }
}

export function memberExport(
  clusterId: string,
  spec: Partial<ExportedServiceSpec> = {},
  chunks: Record<string, ExportedEndpointsSpec | undefined> = {},
): MemberExport {
  return {
    clusterId,
    spec: exportedSpec({ chunks: Object.keys(chunks), ...spec }),
    chunks: new Map(Object.entries(chunks)),
  }
}

export function present(memberExport: MemberExport): Contribution {
  return { kind: 'present', export: memberExport, refusals: [] }
}

export const absent: Contribution = { kind: 'absent' }

export function unknown(remembered?: MemberExport): Contribution {
  return { kind: 'unknown', why: 'not read yet', remembered, refusals: [] }
}

export function service(spec: Service['spec'] = {}, metadata: Service['metadata'] = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'demo', name: 'hello', uid: 'service-uid', ...metadata },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.7',
      ipFamilies: ['IPv4'],
      ports: [{ name: 'http', port: 80 }],
      ...spec,
    },
  }
}

export function serviceExport(spec: ServiceExport['spec'] = {}): ServiceExport {
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceExport',
    metadata: { namespace: 'demo', name: 'hello', creationTimestamp: '2026-11-22T08:00:00Z', generation: 1 },
    spec,
  }
}

export function slice(name: string, fields: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: [{ addresses: ['10.1.0.5'], conditions: { ready: true } }],
    ...fields,
    metadata: {
      namespace: 'demo',
      name,
      labels: { 'kubernetes.io/service-name': 'hello' },
      ...fields.metadata,
    },
  }
}
