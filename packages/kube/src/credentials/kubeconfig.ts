import { createRequire } from 'node:module'
import type { Access, Credentials } from './credentials.ts'

export interface LoadCredentialsOptions {
  /** Path of a kubeconfig. Default: $KUBECONFIG (several are merged), ~/.kube/config, in-cluster. */
  kubeconfig?: string | undefined
  /** Default: its current context. */
  context?: string | undefined
}

/** Half a second to load: only when a kubeconfig is read. */
const loadOfficialClient = () =>
  createRequire(import.meta.url)('@kubernetes/client-node') as typeof import('@kubernetes/client-node')

/** Reads a kubeconfig (or what a pod is given) by the official client's rules. */
export function loadCredentials(options: LoadCredentialsOptions = {}): Credentials {
  const { KubeConfig } = loadOfficialClient()
  const config = new KubeConfig()
  if (options.kubeconfig === undefined) config.loadFromDefault()
  else config.loadFromFile(options.kubeconfig)
  if (options.context !== undefined) config.setCurrentContext(options.context)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error('no cluster')
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace
  return {
    server: cluster.server,
    description: `context "${config.getCurrentContext()}"`,
    ...(namespace === undefined ? {} : { namespace }),
    async access(): Promise<Access> {
      const request: import('node:https').RequestOptions = {}
      await config.applyToHTTPSOptions(request)
      const text = (value: unknown) => (value === undefined ? undefined : String(value))
      return {
        headers: (request.headers ?? {}) as Record<string, string>,
        tls: {
          ca: text(request.ca),
          cert: text(request.cert),
          key: text(request.key),
          serverName: request.servername,
          insecureSkipVerify: request.rejectUnauthorized === false,
        },
        proxyUrl: cluster.proxyUrl,
      }
    },
  }
}
