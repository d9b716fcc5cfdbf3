import type { Endpoint, EndpointPort, EndpointSlice } from './endpoint-slice-spec.ts'

/** Fills in what the v1 defaults of kube-apiserver do, and null for lists without items. */
export function fillEndpointSlice(slice: EndpointSlice): void {
  slice.addressType ??= ''
  slice.endpoints = slice.endpoints?.length ? slice.endpoints.map(filledEndpoint) : null
  slice.ports = slice.ports?.length ? slice.ports.map(filledPort) : null
}

/** `deprecatedTopology` was of v1beta1: writes of it are dropped without a word. */
function filledEndpoint({ deprecatedTopology: _, addresses, conditions, ...rest }: Endpoint): Endpoint {
  return { addresses: addresses ?? [], conditions: conditions ?? {}, ...rest }
}

function filledPort({ name, protocol, ...rest }: EndpointPort): EndpointPort {
  return { name: name ?? '', protocol: protocol ?? 'TCP', ...rest }
}
