import type { Connection } from '../registry/definition.ts'
import { failure } from '../status/status.ts'

/** Subresources of a Service that are no part of it. Nothing here reaches the addresses of pods. */
export const SERVICE_CONNECTIONS: readonly Connection[] = [
  {
    name: 'proxy',
    kind: 'ServiceProxyOptions',
    verbs: ['create', 'delete', 'get', 'patch', 'update'],
    serve: async ({ metadata: { name } }) => {
      const text = `services "${name}": proxy is not served: this API server has no way to the pods; call the Service's own address`
      throw failure(501, 'NotImplemented', text)
    },
  },
]
