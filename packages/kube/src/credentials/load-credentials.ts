import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { errorOf } from '@isthmus/api'
import { ERRORS } from '../errors.ts'
import { cachedAccess } from './cached-access.ts'
import type { Credentials } from './credentials.ts'
import { inClusterCredentials, SERVICE_ACCOUNT_DIRECTORY } from './in-cluster.ts'
import { type ClusterEntry, type Kubeconfig, readKubeconfig, type UserEntry } from './kubeconfig.ts'
import { userAccess } from './user-access.ts'

export interface LoadCredentialsOptions {
  /** Path of a kubeconfig. Default: those of $KUBECONFIG, else ~/.kube/config, else the pod's service account. */
  kubeconfig?: string | undefined
  /** Default: the kubeconfig's current context. */
  context?: string | undefined
  /** Default: the process's. */
  environment?: Readonly<Record<string, string | undefined>> | undefined
}

/**
 * Finds how to reach a cluster, as kubectl would. Throws an IsthmusError that says what is wrong with the
 * kubeconfig. Files, plugins and the network are used when access is asked for, not here.
 */
export function loadCredentials(options: LoadCredentialsOptions = {}): Credentials {
  const environment = options.environment ?? process.env
  const { files, optional } = kubeconfigFiles(options.kubeconfig, environment)
  const kubeconfig = readKubeconfig(files, { optional })
  const source = files.join(delimiter)
  if (kubeconfig !== undefined) return contextCredentials(kubeconfig, source, options.context)
  if (environment.KUBERNETES_SERVICE_HOST && readable(join(SERVICE_ACCOUNT_DIRECTORY, 'token'))) {
    return inClusterCredentials(environment)
  }
  throw errorOf(ERRORS.kubeconfigMissing, { kubeconfig: source })
}

/** The files that count, and whether they may be missing. */
export function kubeconfigFiles(
  named: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): { files: string[]; optional: boolean } {
  if (named !== undefined) return { files: [named], optional: false }
  const listed = environment.KUBECONFIG?.split(delimiter).filter(file => file !== '') ?? []
  if (listed.length > 0) return { files: listed, optional: true }
  return { files: [join(environment.HOME ?? homedir(), '.kube', 'config')], optional: true }
}

function contextCredentials(kubeconfig: Kubeconfig, source: string, wanted: string | undefined): Credentials {
  const invalid = (why: string) => errorOf(ERRORS.kubeconfigInvalid, { kubeconfig: source, why })
  const name = wanted ?? kubeconfig.currentContext
  if (name === undefined || name === '') throw invalid('it has no current context, and none was named')
  const context = kubeconfig.contexts.get(name)
  if (context === undefined) {
    const contexts = [...kubeconfig.contexts.keys()].sort().join(', ') || 'it has none'
    throw errorOf(ERRORS.contextUnknown, { kubeconfig: source, context: name, contexts })
  }
  const cluster = kubeconfig.clusters.get(context.cluster)
  if (cluster === undefined)
    throw invalid(`the cluster "${context.cluster}" of context "${name}" is not in it`)
  if (!isServerUrl(cluster.server)) throw invalid(`the server of cluster "${context.cluster}" is not a URL`)
  const user: UserEntry | undefined = context.user ? kubeconfig.users.get(context.user) : {}
  if (user === undefined) throw invalid(`the user "${context.user}" of context "${name}" is not in it`)
  return credentialsOf(cluster, user, `context "${name}" of ${source}`, context.namespace)
}

function credentialsOf(
  cluster: ClusterEntry,
  user: UserEntry,
  description: string,
  namespace: string | undefined,
): Credentials {
  return {
    server: cluster.server.replace(/\/+$/, ''),
    description,
    ...(namespace ? { namespace } : {}),
    access: cachedAccess(userAccess(cluster, user)),
  }
}

function isServerUrl(text: unknown): boolean {
  return typeof text === 'string' && /^https?:\/\/[^/]/.test(text) && URL.canParse(text)
}

function readable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}
