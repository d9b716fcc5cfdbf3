/** Kubeconfigs as plain objects; written as JSON, which is YAML. */
import type { Credentials } from '@isthmus/kube'

export interface Kubeconfig {
  readonly apiVersion: 'v1'
  readonly kind: 'Config'
  readonly clusters: readonly object[]
  readonly users: readonly object[]
  readonly contexts: readonly object[]
  readonly 'current-context': string
}

/** With one context, of the cluster's name, for whom the credentials are of. */
export async function kubeconfigOf(cluster: string, credentials: Credentials): Promise<Kubeconfig> {
  const { tls } = await credentials.access()
  const user = `admin@${cluster}`
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: cluster,
        cluster: {
          server: credentials.server,
          ...(tls.ca !== undefined && { 'certificate-authority-data': base64(tls.ca) }),
        },
      },
    ],
    users: [
      {
        name: user,
        user: {
          ...(tls.cert !== undefined && { 'client-certificate-data': base64(tls.cert) }),
          ...(tls.key !== undefined && { 'client-key-data': base64(tls.key) }),
        },
      },
    ],
    contexts: [{ name: cluster, context: { cluster, user } }],
    'current-context': cluster,
  }
}

/** All their contexts in one file; the first one's is the current one. */
export function mergeKubeconfigs(kubeconfigs: readonly Kubeconfig[]): string {
  const merged: Kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: kubeconfigs.flatMap(({ clusters }) => clusters),
    users: kubeconfigs.flatMap(({ users }) => users),
    contexts: kubeconfigs.flatMap(({ contexts }) => contexts),
    'current-context': kubeconfigs[0]?.['current-context'] ?? '',
  }
  return `${JSON.stringify(merged, null, 2)}\n`
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
