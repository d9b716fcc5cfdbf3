/** The contract by the KubernetesObjectApi of @kubernetes/client-node, which finds kinds by discovery. */
import { apiVersionOf } from '@isthmus/api'
import { type KubernetesObject, KubernetesObjectApi } from '@kubernetes/client-node'
import type { Judge, Kind } from './contract-client.ts'
import {
  asLibraryObject,
  asObject,
  deleteOptions,
  loadKubeConfig,
  PATCH_STRATEGIES,
  reading,
  told,
} from './official.ts'
import { officialTyped } from './official-typed.ts'

/** The path of an object's status: the library has none for it. */
class StatusApi extends KubernetesObjectApi {
  protected override async specUriPath(
    ...request: Parameters<KubernetesObjectApi['specUriPath']>
  ): Promise<string> {
    return `${await super.specUriPath(...request)}/status`
  }
}

const UNSET = undefined

export const officialObjects: Judge = async kubeconfig => {
  const config = loadKubeConfig(kubeconfig)
  const api = config.makeApiClient(KubernetesObjectApi)
  const statuses = config.makeApiClient(StatusApi)
  const typed = await officialTyped(kubeconfig)
  const header = (kind: Kind, namespace: string, name: string) => ({
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name, ...(kind.namespaced && { namespace }) },
  })
  return {
    ...reading(config, (kind, { namespace, labelSelector, fieldSelector, pageSize }, next) => {
      const { apiVersion } = header(kind, namespace, '')
      const [pretty, exact, exported] = [UNSET, UNSET, UNSET]
      const selectors = [fieldSelector, labelSelector, pageSize, next] as const
      return api.list(apiVersion, kind.kind, namespace, pretty, exact, exported, ...selectors)
    }),
    create: async (_kind, object) => asObject(await told(api.create(asLibraryObject(object)))),
    get: async (kind, namespace, name) => asObject(await told(api.read(header(kind, namespace, name)))),
    update: async (_kind, object) => asObject(await told(api.replace(asLibraryObject(object)))),
    updateStatus: async (_kind, object) => asObject(await told(statuses.replace(asLibraryObject(object)))),
    async patch(kind, namespace, name, type, patch, options = {}) {
      // It takes the object's address from the patch, which a list of operations has none in.
      if (type === 'json') return typed.patch(kind, namespace, name, type, patch, options)
      const { metadata, ...rest } = header(kind, namespace, name)
      const addressed = {
        ...patch,
        ...rest,
        metadata: { ...(patch as KubernetesObject).metadata, ...metadata },
      }
      const target = options.subresource === 'status' ? statuses : api
      const { fieldManager, force } = options
      return asObject(
        await told(target.patch(addressed, UNSET, UNSET, fieldManager, force, PATCH_STRATEGIES[type])),
      )
    },
    async delete(kind, namespace, name, options = {}) {
      const [pretty, dryRun, gracePeriod, orphan, propagation] = [UNSET, UNSET, UNSET, UNSET, UNSET]
      const body = deleteOptions(options)
      const at = header(kind, namespace, name)
      await told(api.delete(at, pretty, dryRun, gracePeriod, orphan, propagation, body))
    },
    close: async () => {},
  }
}
