/** Users and groups that Kubernetes gives a meaning, and the names of ServiceAccounts as users. */

import type { UserInfo } from '../registry/definition.ts'
import { label1123Errors, subdomainErrors } from '../registry/names.ts'

export const GROUPS = {
  /** May do everything, whatever the roles say. */
  masters: 'system:masters',
  authenticated: 'system:authenticated',
  unauthenticated: 'system:unauthenticated',
  serviceAccounts: 'system:serviceaccounts',
  nodes: 'system:nodes',
} as const

export const ANONYMOUS: UserInfo = { username: 'system:anonymous', groups: [GROUPS.unauthenticated] }

const SERVICE_ACCOUNT = 'system:serviceaccount:'
const NODE = 'system:node:'

export const serviceAccountUsername = (namespace: string, name: string): string =>
  `${SERVICE_ACCOUNT}${namespace}:${name}`

/** Groups of a ServiceAccount, without `system:authenticated`. */
export const serviceAccountGroups = (namespace: string): string[] => [
  GROUPS.serviceAccounts,
  `${GROUPS.serviceAccounts}:${namespace}`,
]

/** The ServiceAccount that a user name stands for. */
export function parseServiceAccountUsername(
  username: string,
): { readonly namespace: string; readonly name: string } | undefined {
  if (!username.startsWith(SERVICE_ACCOUNT)) return undefined
  const [namespace = '', name = '', ...rest] = username.slice(SERVICE_ACCOUNT.length).split(':')
  const wellFormed = rest.length === 0 && !label1123Errors(namespace).length && !subdomainErrors(name).length
  return wellFormed ? { namespace, name } : undefined
}

/** The Node that a user name stands for. */
export function parseNodeUsername(username: string): string | undefined {
  if (!username.startsWith(NODE)) return undefined
  const name = username.slice(NODE.length)
  return subdomainErrors(name).length === 0 ? name : undefined
}
