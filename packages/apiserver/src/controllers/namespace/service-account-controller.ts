import { type Controller, type ControllerContext, itself, splitKey } from '../controller.ts'
import { NAMESPACES } from './namespace-controller.ts'
import { lives, namespaceOf } from './namespaced-default.ts'

const SERVICE_ACCOUNTS = { group: '', plural: 'serviceaccounts' } as const
const NAME = 'default'

/** Gives each namespace the ServiceAccount that pods have who name none. Keys are namespaces. */
export function serviceAccountController({ api }: ControllerContext): Controller {
  return {
    name: 'serviceaccount',
    watches: [
      { resource: NAMESPACES, keysOf: itself },
      { resource: SERVICE_ACCOUNTS, keysOf: namespaceOf(NAME) },
    ],

    reconcile(key) {
      const { name: namespace } = splitKey(key)
      if (lives(api, namespace) && api.get(SERVICE_ACCOUNTS, namespace, NAME) === undefined) {
        api.create(SERVICE_ACCOUNTS, { metadata: { name: NAME, namespace } })
      }
      return undefined
    },
  }
}
