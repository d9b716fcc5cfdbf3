import { type Controller, type ControllerContext, itself } from '../controller.ts'
import { NAMESPACES } from './namespace-controller.ts'

const SERVICE_ACCOUNTS = { group: '', plural: 'serviceaccounts' } as const
const CONFIG_MAPS = { group: '', plural: 'configmaps' } as const
const SERVICE_ACCOUNT = 'default'
const ROOT_CA = 'kube-root-ca.crt'

/**
 * Gives each namespace what pods count on: the ServiceAccount `default`, and the certificate by which to
 * know the API server, if it has one.
 */
export function namespaceDefaultsController(
  { api }: ControllerContext,
  rootCA: string | undefined,
): Controller {
  const named = (name: string) => (object?: { metadata: Named }, before?: { metadata: Named }) => {
    const { metadata } = object ?? before ?? { metadata: { name: '' } }
    return metadata.name === name && metadata.namespace ? [metadata.namespace] : []
  }
  return {
    name: 'namespace-defaults',
    watches: [
      { resource: NAMESPACES, keysOf: itself },
      { resource: SERVICE_ACCOUNTS, keysOf: named(SERVICE_ACCOUNT) },
      { resource: CONFIG_MAPS, keysOf: named(ROOT_CA) },
    ],

    reconcile(namespace) {
      const found = api.get(NAMESPACES, undefined, namespace)
      if (found === undefined || found.metadata.deletionTimestamp !== undefined) return undefined
      if (api.get(SERVICE_ACCOUNTS, namespace, SERVICE_ACCOUNT) === undefined) {
        api.create(SERVICE_ACCOUNTS, { metadata: { name: SERVICE_ACCOUNT, namespace } })
      }
      if (rootCA === undefined) return undefined
      const data = { 'ca.crt': rootCA }
      const configMap = api.get(CONFIG_MAPS, namespace, ROOT_CA)
      if (configMap === undefined) api.create(CONFIG_MAPS, { metadata: { name: ROOT_CA, namespace }, data })
      else if ((configMap.data as typeof data | undefined)?.['ca.crt'] !== rootCA) {
        api.patch(CONFIG_MAPS, namespace, ROOT_CA, { data })
      }
      return undefined
    },
  }
}

interface Named {
  readonly name: string
  readonly namespace?: string
}
