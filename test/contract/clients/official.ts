/** What both ways of using @kubernetes/client-node have in common: informer, token, errors. */
import {
  ApiException,
  CoreV1Api,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
  PatchStrategy,
  type V1DeleteOptions,
} from '@kubernetes/client-node'
import {
  type AnyObject,
  type ContractClient,
  type Deletion,
  type Kind,
  type PatchType,
  Refusal,
  type Selection,
} from './contract-client.ts'

export function loadKubeConfig(kubeconfig: string): KubeConfig {
  const config = new KubeConfig()
  config.loadFromString(kubeconfig)
  return config
}

/** Objects of the library have the same fields under types of its own. */
export const asObject = (object: unknown): AnyObject => object as AnyObject

/**
 * The other way. Fields that are no identifiers have another name in the library, which drops what it does
 * not know: only schemas have such fields.
 */
export function asLibraryObject(object: AnyObject): KubernetesObject {
  const rename = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rename)
    // Dates are the library's, and stay.
    if (typeof value !== 'object' || value === null || value instanceof Date) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [
        name === 'default' ? '_default' : name.startsWith('x-kubernetes-') ? name.replaceAll('-', '_') : name,
        rename(part),
      ]),
    )
  }
  return (object.kind === 'CustomResourceDefinition' ? rename(object) : object) as KubernetesObject
}

export function told<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    if (!(error instanceof ApiException)) throw error
    const status = typeof error.body === 'string' ? JSON.parse(error.body) : error.body
    // Of an answer without the right credential it keeps the code alone.
    const reason = status?.reason ?? (error.code === 401 ? 'Unauthorized' : '')
    throw new Refusal(error.code, reason, status?.message ?? error.message, error)
  })
}

/** The path that a kind is served at, for the informer. */
function pathOf({ group, version, plural }: Kind, namespace: string): string {
  return `${group === '' ? '/api' : `/apis/${group}`}/${version}/namespaces/${namespace}/${plural}`
}

/** One page of a list, as the library answers it. */
export type ListPage = (
  kind: Kind,
  selection: Selection,
  continueToken: string | undefined,
) => Promise<KubernetesListObject<KubernetesObject>>

export function reading(
  config: KubeConfig,
  page: ListPage,
): Pick<ContractClient, 'list' | 'watch' | 'token'> {
  return {
    async list(kind, selection) {
      const items: AnyObject[] = []
      let next: string | undefined
      do {
        const answer = await told(page(kind, selection, next))
        items.push(...answer.items.map(asObject))
        next = answer.metadata?._continue || undefined
      } while (next !== undefined)
      return items
    },
    async watch(kind, selection, onChange) {
      const path = pathOf(kind, selection.namespace)
      const informer = makeInformer(
        config,
        path,
        () => page(kind, selection, undefined),
        selection.labelSelector,
      )
      const name = (object: KubernetesObject) => object.metadata?.name ?? ''
      informer.on('add', object => onChange({ type: 'ADDED', name: name(object) }))
      informer.on('update', object => onChange({ type: 'MODIFIED', name: name(object) }))
      informer.on('delete', object => onChange({ type: 'DELETED', name: name(object) }))
      const failed = Promise.withResolvers<never>()
      informer.on('error', error => error && failed.reject(error))
      await Promise.race([informer.start(), failed.promise])
      return () => informer.stop()
    },
    async token(namespace, name) {
      const { status } = await told(
        config.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
          namespace,
          name,
          body: { spec: { audiences: [] } },
        }),
      )
      return status?.token ?? ''
    },
  }
}

export const PATCH_STRATEGIES: Readonly<Record<PatchType, PatchStrategy>> = {
  json: PatchStrategy.JsonPatch,
  merge: PatchStrategy.MergePatch,
  strategic: PatchStrategy.StrategicMergePatch,
  apply: PatchStrategy.ServerSideApply,
}

/** The body of a delete. */
export const deleteOptions = ({ uid, resourceVersion, propagationPolicy }: Deletion): V1DeleteOptions => ({
  preconditions: { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) },
  ...(propagationPolicy && { propagationPolicy }),
})
