import { type Controller, type ControllerContext, itself, splitKey } from '../controller.ts'
import { NAMESPACES } from './namespace-controller.ts'
import { lives, namespaceOf } from './namespaced-default.ts'

const CONFIG_MAPS = { group: '', plural: 'configmaps' } as const
const NAME = 'kube-root-ca.crt'
const FIELD = 'ca.crt'

/** Keeps in each namespace the certificate (PEM) by which pods know the API server. Keys are namespaces. */
export function rootCAController({ api }: ControllerContext, certificate: string): Controller {
  return {
    name: 'root-ca',
    watches: [
      { resource: NAMESPACES, keysOf: itself },
      { resource: CONFIG_MAPS, keysOf: namespaceOf(NAME) },
    ],

    reconcile(key) {
      const { name: namespace } = splitKey(key)
      if (!lives(api, namespace)) return undefined
      const data = { [FIELD]: certificate }
      const found = api.get(CONFIG_MAPS, namespace, NAME) as { data?: Record<string, string> } | undefined
      if (found === undefined) api.create(CONFIG_MAPS, { metadata: { name: NAME, namespace }, data })
      else if (found.data?.[FIELD] !== certificate) api.patch(CONFIG_MAPS, namespace, NAME, { data })
      return undefined
    },
  }
}
