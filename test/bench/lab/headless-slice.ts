import type { EndpointSlice } from '@isthmus/api'
import { NAMESPACE } from './clusters.ts'
import { IMPORTED } from './load.ts'

export const HEADLESS_SERVICES = 10
export const HEADLESS_ENDPOINTS = 100

/** The slice of a headless import as an importer writes it; each generation has other addresses. */
export function headlessSlice(i: number, generation: number): EndpointSlice {
  const name = `headless-${i}`
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: NAMESPACE,
      name: `${name}-x`,
      labels: {
        [IMPORTED]: name,
        'multicluster.kubernetes.io/source-cluster': 'b',
        'kubernetes.io/service-name': name,
        'service.kubernetes.io/headless': '',
      },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: Array.from({ length: HEADLESS_ENDPOINTS }, (_, e) => ({
      addresses: [`10.${generation}.${i}.${e + 1}`],
      conditions: { ready: true },
    })),
  }
}
