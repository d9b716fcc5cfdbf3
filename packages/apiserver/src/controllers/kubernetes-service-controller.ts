import { isDeepStrictEqual } from 'node:util'
import { familyOf } from '../allocation/ip-address.ts'
import { canonicalIPErrors, specialIPErrors } from '../allocation/ip-validation.ts'
import { ENDPOINT_SLICES, type EndpointSlice } from '../resources/endpoint-slice-spec.ts'
import { SERVICES } from '../resources/service-spec.ts'
import { type Controller, type ControllerContext, splitKey } from './controller.ts'

const NAMESPACE = 'default'
const NAME = 'kubernetes'
const KEY = `${NAMESPACE}/${NAME}`
const SECURE_PORT = 443

export interface KubernetesServiceOptions {
  readonly clusterIP: string
  /** Where the API server listens. Without an address that an endpoint may have, the Service has no endpoints. */
  readonly endpoint?: { readonly address: string; readonly port: number }
}

/** Keeps the Service by which pods find the API server. */
export function kubernetesServiceController(
  { api }: ControllerContext,
  { clusterIP, endpoint }: KubernetesServiceOptions,
): Controller {
  const itsKey = (object?: Named, before?: Named) => {
    const { namespace, name } = (object ?? before ?? { metadata: { name: '' } }).metadata
    return `${namespace}/${name}` === KEY ? [KEY] : []
  }
  return {
    name: 'kubernetes-service',
    watches: [
      { resource: SERVICES, keysOf: itsKey },
      { resource: ENDPOINT_SLICES, keysOf: itsKey },
    ],
    subscribe(add) {
      add(KEY)
      return () => {}
    },

    reconcile(key) {
      const { namespace, name } = splitKey(key)
      if (api.get(SERVICES, namespace, name) === undefined) api.create(SERVICES, service())
      if (endpoint && isEndpoint(endpoint.address)) keepSlice(endpoint.address, endpoint.port)
      return undefined
    },
  }

  function service() {
    return {
      metadata: {
        name: NAME,
        namespace: NAMESPACE,
        labels: { component: 'apiserver', provider: 'kubernetes' },
      },
      spec: {
        clusterIP,
        ports: [
          { name: 'https', protocol: 'TCP', port: SECURE_PORT, targetPort: endpoint?.port ?? SECURE_PORT },
        ],
      },
    }
  }

  function keepSlice(address: string, port: number): void {
    const wanted = {
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: 'https', protocol: 'TCP', port }],
    }
    const labels = { 'kubernetes.io/service-name': NAME }
    const slice = {
      metadata: { name: NAME, namespace: NAMESPACE, labels },
      addressType: familyOf(address),
      ...wanted,
    }
    const found = api.get(ENDPOINT_SLICES, NAMESPACE, NAME) as EndpointSlice | undefined
    if (found === undefined) api.create(ENDPOINT_SLICES, slice)
    else if (!isDeepStrictEqual({ endpoints: found.endpoints, ports: found.ports }, wanted)) {
      api.update(ENDPOINT_SLICES, slice)
    }
  }
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

const isEndpoint = (address: string): boolean =>
  [...canonicalIPErrors('', address), ...specialIPErrors('', address)].length === 0
