import { type ErrorTemplate, errorOf, type IsthmusError } from '@isthmus/api'
import {
  ApiError,
  isForbidden,
  isKindMissing,
  isNamespaceTerminating,
  isUnauthorized,
} from './client/api-error.ts'
import { ConnectionError, type ConnectionFailure } from './client/connection-error.ts'
import { ERRORS } from './errors.ts'

export interface ErrorContext {
  /** What was being done, to what, to follow "Could not": `list the exports in demo`. */
  doing: string
  /** The kubeconfig's context, or the cluster's id. */
  context?: string | undefined
}

/**
 * Makes of what a client throws an error for a person. What is not from an API server, or is for a person
 * already, is returned as it is.
 */
export function explainError(error: unknown, { doing, context }: ErrorContext): Error {
  const common = { doing, context: context === undefined ? '' : ` (context ${context})` }
  if (error instanceof ConnectionError) return unreachable(error, common)
  if (error instanceof ApiError) return refused(error, common)
  return error instanceof Error ? error : new Error(String(error))
}

const HINTS: Record<ConnectionFailure, string> = {
  refused: 'Check that the cluster runs, and the server and port in the kubeconfig.',
  dns: 'Check the server in the kubeconfig, and the DNS or VPN of this machine.',
  tls: 'Check the certificate-authority, tls-server-name and server in the kubeconfig.',
  timeout: 'Check that the cluster runs, and that no firewall or missing VPN is in the way.',
  unreachable: 'Check the network of this machine, and whether a VPN is needed.',
  cut: 'Try again; if it lasts, look at what is between here and the API server.',
  protocol: 'Check that the server in the kubeconfig is an API server: `kubectl version`.',
  proxy: 'Check the proxy-url in the kubeconfig.',
  other: 'Check the server in the kubeconfig with `kubectl cluster-info`.',
}

type Common = Readonly<Record<'doing' | 'context', string>>

function unreachable(error: ConnectionError, common: Common): IsthmusError {
  const { server, failure, words } = error
  return errorOf(ERRORS.clusterUnreachable, { ...common, server, why: words, hint: HINTS[failure] }, error)
}

/** The first that applies. */
const REFUSALS: readonly (readonly [when: (error: ApiError) => boolean, template: ErrorTemplate])[] = [
  [isUnauthorized, ERRORS.unauthorized],
  [isNamespaceTerminating, ERRORS.namespaceTerminating],
  [isForbidden, ERRORS.forbidden],
  [isKindMissing, ERRORS.kindMissing],
  [error => error.code === 404, ERRORS.notFound],
  [error => error.code === 409, ERRORS.conflict],
  [error => error.code === 400 || error.code === 422, ERRORS.objectRefused],
  [error => [429, 503, 504].includes(error.code), ERRORS.clusterBusy],
]

function refused(error: ApiError, common: Common): IsthmusError {
  const template = REFUSALS.find(([when]) => when(error))?.[1] ?? ERRORS.clusterError
  const { verb = 'ask for', resource = 'this', namespace, clusterScoped, server = '' } = error.request ?? {}
  const wide = clusterScoped ? 'in the cluster' : 'in all namespaces'
  const values = {
    ...common,
    verb,
    resource,
    server,
    namespace: namespace ?? '',
    scope: namespace === undefined ? wide : `in namespace ${namespace}`,
    status: error.code,
    answer: error.message.replace(/\.$/, ''),
  }
  return errorOf(template, values, error)
}
