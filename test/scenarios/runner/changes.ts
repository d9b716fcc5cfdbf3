/** What may be done to a cluster, for properties that hold whatever is done. */
import type { KubernetesObject } from '@isthmus/api'
import { derivedServiceName } from '@isthmus/core'
import type { Clusters } from './clusters.ts'
import type { Partial } from './scenario.ts'

export const NAMESPACE = 'demo'
const SERVICE = 'hello'
const DERIVED = derivedServiceName(NAMESPACE, SERVICE)

interface Done {
  readonly create?: Partial
  readonly patch?: Partial
  readonly delete?: Partial
  readonly agent?: 'restart'
  readonly server?: 'forget history' | 'wipe exchange'
}

const ports = [{ name: 'http', port: 80 }]

/** Done twice, or to what is not there, or to a cluster without that family, a change does nothing. */
export const CHANGES = {
  serve: { create: { kind: 'Service', spec: { ports } } },
  'serve another port': { create: { kind: 'Service', spec: { ports: [{ name: 'web', port: 81 }] } } },
  'serve headless': { create: { kind: 'Service', spec: { clusterIP: 'None', ports } } },
  'serve IPv4': { create: { kind: 'Service', spec: { ipFamilies: ['IPv4'], ports } } },
  'serve IPv6': { create: { kind: 'Service', spec: { ipFamilies: ['IPv6'], ports } } },
  'serve all families': { create: { kind: 'Service', spec: { ipFamilyPolicy: 'PreferDualStack', ports } } },
  'gain a family': { patch: { kind: 'Service', spec: { ipFamilyPolicy: 'PreferDualStack' } } },
  'lose a family': { patch: { kind: 'Service', spec: { ipFamilyPolicy: 'SingleStack' } } },
  'stop serving': { delete: { kind: 'Service' } },
  export: { create: { kind: 'ServiceExport' } },
  'export with labels': { create: { kind: 'ServiceExport', spec: { exportedLabels: { team: 'a' } } } },
  unexport: { delete: { kind: 'ServiceExport' } },
  'add a port': {
    patch: { kind: 'Service', spec: { ports: [...ports, { name: 'admin', port: 8080 }] } },
  },
  'add endpoints': { create: endpoints(SERVICE, 'IPv4', '10.1.0.1') },
  'add IPv6 endpoints': { create: endpoints(`${SERVICE}-6`, 'IPv6', 'fd00:1::1') },
  'move endpoints': { patch: { kind: 'EndpointSlice', endpoints: [{ addresses: ['10.1.0.2'] }] } },
  'drop endpoints': { delete: { kind: 'EndpointSlice' } },
  'drop IPv6 endpoints': { delete: { kind: 'EndpointSlice', metadata: { name: `${SERVICE}-6` } } },
  'delete the import': { delete: { kind: 'ServiceImport' } },
  'delete the derived Service': { delete: { kind: 'Service', metadata: { name: DERIVED } } },
  'restart the agent': { agent: 'restart' },
  'forget history': { server: 'forget history' },
  'wipe the exchange': { server: 'wipe exchange' },
} as const satisfies Record<string, Done>

export type ChangeName = keyof typeof CHANGES

export interface Change {
  readonly in: string
  readonly what: ChangeName
}

function endpoints(name: string, addressType: 'IPv4' | 'IPv6', address: string): Partial {
  return {
    kind: 'EndpointSlice',
    metadata: { name, labels: { 'kubernetes.io/service-name': SERVICE } },
    addressType,
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  }
}

/** There already, not there, or refused by this cluster's API server: the sequence goes on. */
const HARMLESS = [404, 409, 422]

export async function applyChange(clusters: Clusters, { in: id, what }: Change): Promise<void> {
  const change: Done = CHANGES[what]
  try {
    if (change.create !== undefined) {
      await clusters.clock(1)
      await clusters.create(id, inNamespace(change.create))
    }
    if (change.patch !== undefined) await clusters.patch(id, inNamespace(change.patch))
    if (change.delete !== undefined) await clusters.delete(id, inNamespace(change.delete))
  } catch (error) {
    if (!HARMLESS.includes((error as { code: number }).code)) throw error
  }
  if (change.agent !== undefined) await clusters.agent(id, change.agent)
  if (change.server !== undefined) await clusters.server(id, change.server)
}

/** Without apiVersion: that of the kind's usual one is filled in. */
function inNamespace(partial: Partial): KubernetesObject {
  const metadata = { namespace: NAMESPACE, name: SERVICE, ...partial.metadata }
  return { ...partial, metadata } as unknown as KubernetesObject
}

export async function makeNamespaces(clusters: Clusters, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await clusters.create(id, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  }
}
