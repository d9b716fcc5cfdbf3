/** The service that the playground shows, `hello` in namespace `demo`, as objects. */
import {
  DEPLOYMENTS,
  type KubernetesObject,
  NAMESPACES,
  type ResourceType,
  SERVICE_EXPORTS,
  SERVICES,
} from '@isthmus/api'

export interface DemoOptions {
  /** Names of the clusters that run and export the service. */
  readonly exporters: readonly string[]
  /** Port of the Service and of its pods. */
  readonly port: number
  /** Pods in each of these clusters. */
  readonly replicas: number
}

export const DEMO_NAMESPACE = 'demo'
export const DEMO_SERVICE = 'hello'

export interface DemoObject {
  readonly type: ResourceType
  readonly object: KubernetesObject
}

/** In a cluster that only calls the service: its namespace. */
export function demoNamespace(): DemoObject {
  return {
    type: NAMESPACES,
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: DEMO_NAMESPACE } },
  }
}

/** In a cluster that runs and exports the service: Deployment, Service and ServiceExport. */
export function demoService({ port, replicas }: Pick<DemoOptions, 'port' | 'replicas'>): DemoObject[] {
  const labels = { app: DEMO_SERVICE }
  const metadata = { namespace: DEMO_NAMESPACE, name: DEMO_SERVICE, labels }
  return [
    {
      type: DEPLOYMENTS,
      object: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec: {
          replicas,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              containers: [
                { name: 'echo', image: 'isthmus/echo', ports: [{ name: 'http', containerPort: port }] },
              ],
            },
          },
        },
      } as KubernetesObject,
    },
    {
      type: SERVICES,
      object: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        spec: { selector: labels, ports: [{ name: 'http', port, targetPort: 'http' }] },
      } as KubernetesObject,
    },
    {
      type: SERVICE_EXPORTS,
      object: { apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata },
    },
  ]
}
