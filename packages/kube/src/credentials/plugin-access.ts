import type { RequestOptions } from 'node:https'
import { createRequire } from 'node:module'
import { errorOf } from '@isthmus/api'
import { ERRORS } from '../errors.ts'
import type { ClusterEntry, ExecEntry, UserEntry } from './kubeconfig.ts'

export interface PluginAccess {
  authorization?: string | undefined
  cert?: string | undefined
  key?: string | undefined
}

/** Takes half a second and 50 MB to load: only for users that need it. */
const officialClient = () =>
  createRequire(import.meta.url)('@kubernetes/client-node') as typeof import('@kubernetes/client-node')

/**
 * Credentials from an exec plugin or a legacy auth-provider (OIDC), by the official client, which keeps what
 * it got until it expires. The function returned gets new ones if `refresh` is set.
 */
export function credentialPlugin(
  cluster: ClusterEntry,
  user: UserEntry,
): (refresh: boolean) => Promise<PluginAccess> {
  if (user.exec === undefined && user['auth-provider'] === undefined) return () => Promise.resolve({})
  const { KubeConfig } = officialClient()
  const entry = {
    name: 'user',
    exec: user.exec === undefined ? undefined : withExecInfo(user.exec, cluster),
    authProvider: user['auth-provider'],
  }
  const open = () => {
    const config = new KubeConfig()
    // Its server is never asked for anything.
    config.loadFromClusterAndUser(
      { name: 'cluster', server: 'https://localhost', skipTLSVerify: false },
      entry,
    )
    return config
  }
  let config = open()

  return async refresh => {
    if (refresh) config = open()
    const options: RequestOptions = {}
    try {
      await config.applyToHTTPSOptions(options)
    } catch (error) {
      throw pluginError(cluster, user, error)
    }
    const headers = options.headers as Record<string, string> | undefined
    return { authorization: headers?.Authorization, cert: text(options.cert), key: text(options.key) }
  }
}

/** What client-go tells a plugin in its environment, and the official JavaScript client does not. */
function withExecInfo(exec: ExecEntry, cluster: ClusterEntry): ExecEntry {
  const {
    server,
    'certificate-authority-data': ca,
    'tls-server-name': serverName,
    'proxy-url': proxy,
  } = cluster
  const insecure = cluster['insecure-skip-tls-verify']
  const info = {
    apiVersion: exec.apiVersion ?? 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      cluster: exec.provideClusterInfo
        ? {
            server,
            'certificate-authority-data': ca,
            'tls-server-name': serverName,
            'insecure-skip-tls-verify': insecure,
            'proxy-url': proxy,
          }
        : undefined,
    },
  }
  return {
    ...exec,
    env: [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }],
  }
}

function pluginError(cluster: ClusterEntry, user: UserEntry, error: unknown): Error {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
  const said = error instanceof Error ? error.message.trim().slice(-500) : String(error)
  return errorOf(
    ERRORS.credentialPluginFailed,
    {
      server: cluster.server,
      plugin: user.exec
        ? `the plugin "${user.exec.command}"`
        : `the auth-provider "${user['auth-provider']?.name}"`,
      why: missing ? 'there is no such command' : said || 'it failed without a word',
      hint:
        (missing && user.exec?.installHint) ||
        'Run it by hand, or `kubectl get namespaces`, to see what it needs.',
    },
    error,
  )
}

const text = (value: unknown) => (value === undefined || value === null ? undefined : String(value))
