/** The contract by the generated APIs of @kubernetes/client-node, a class for each group, and CustomObjectsApi. */
import {
  ApiextensionsV1Api,
  AppsV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  DiscoveryV1Api,
  type KubernetesListObject,
  type KubernetesObject,
  RbacAuthorizationV1Api,
  setHeaderOptions,
} from '@kubernetes/client-node'
import type { AnyObject, Judge, Kind } from './contract-client.ts'
import {
  asLibraryObject,
  asObject,
  deleteOptions,
  loadKubeConfig,
  PATCH_STRATEGIES,
  reading,
  told,
} from './official.ts'

const APIS = {
  '': CoreV1Api,
  apps: AppsV1Api,
  'apiextensions.k8s.io': ApiextensionsV1Api,
  'coordination.k8s.io': CoordinationV1Api,
  'discovery.k8s.io': DiscoveryV1Api,
  'rbac.authorization.k8s.io': RbacAuthorizationV1Api,
} as const

type Verb = 'create' | 'read' | 'list' | 'replace' | 'patch' | 'delete'
type Methods = Readonly<Record<string, (parameters: object, options?: object) => Promise<unknown>>>

export const officialTyped: Judge = async kubeconfig => {
  const config = loadKubeConfig(kubeconfig)
  /** The method's name is made of the verb and the kind: `replaceNamespacedServiceStatus`. */
  const call = (
    verb: Verb,
    kind: Kind,
    parameters: object,
    options: { status?: boolean; with?: object } = {},
  ) => {
    const group = kind.group as keyof typeof APIS
    const scope = kind.namespaced ? 'Namespaced' : ''
    const suffix = options.status ? 'Status' : ''
    if (APIS[group] !== undefined) {
      const api = config.makeApiClient<CoreV1Api>(APIS[group] as typeof CoreV1Api) as unknown as Methods
      return told(api[`${verb}${scope}${kind.kind}${suffix}`]?.(parameters, options.with) ?? absent(kind))
    }
    const { version, plural } = kind
    const api = config.makeApiClient(CustomObjectsApi) as unknown as Methods
    const name = `${verb === 'read' ? 'get' : verb}${scope}CustomObject${suffix}`
    return told(api[name]?.({ group, version, plural, ...parameters }, options.with) ?? absent(kind))
  }
  const place = (kind: Kind, namespace = '', name?: string) => ({
    ...(kind.namespaced && { namespace }),
    ...(name !== undefined && { name }),
  })
  const write = async (verb: 'create' | 'replace', kind: Kind, object: AnyObject, status = false) => {
    const { namespace, name } = object.metadata
    const at = place(kind, namespace, verb === 'create' ? undefined : name)
    return asObject(await call(verb, kind, { ...at, body: asLibraryObject(object) }, { status }))
  }
  return {
    ...reading(
      config,
      (kind, { namespace, pageSize, ...selectors }, next) =>
        call('list', kind, {
          ...place(kind, namespace),
          ...selectors,
          ...(pageSize && { limit: pageSize }),
          ...(next && { _continue: next }),
        }) as Promise<KubernetesListObject<KubernetesObject>>,
    ),
    create: (kind, object) => write('create', kind, object),
    get: async (kind, namespace, name) => asObject(await call('read', kind, place(kind, namespace, name))),
    update: (kind, object) => write('replace', kind, object),
    updateStatus: (kind, object) => write('replace', kind, object, true),
    async patch(kind, namespace, name, type, patch, { subresource, fieldManager, force } = {}) {
      const parameters = {
        ...place(kind, namespace, name),
        body: patch,
        ...(fieldManager && { fieldManager }),
        ...(force && { force }),
      }
      return asObject(
        await call('patch', kind, parameters, {
          status: subresource === 'status',
          with: setHeaderOptions('Content-Type', PATCH_STRATEGIES[type]),
        }),
      )
    },
    async delete(kind, namespace, name, options = {}) {
      await call('delete', kind, { ...place(kind, namespace, name), body: deleteOptions(options) })
    },
    close: async () => {},
  }
}

function absent({ kind }: Kind): never {
  throw new Error(`@kubernetes/client-node has no method for this of ${kind}`)
}
