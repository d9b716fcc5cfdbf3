import type { Kubeconfig } from '@isthmus/apiserver'
import { type Credentials, staticCredentials } from '@isthmus/kube'

/** All their contexts in one file, in this order; the first one is current. JSON, which is YAML. */
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

/** What its only context says. */
export function credentialsOf({ clusters, users, contexts }: Kubeconfig): Credentials {
  const cluster = clusters[0]?.cluster
  const user = users[0]?.user
  if (cluster === undefined || user === undefined) throw new TypeError('the kubeconfig has no context')
  return staticCredentials({
    server: cluster.server,
    token: user.token,
    tls: {
      ca: fromBase64(cluster['certificate-authority-data']),
      cert: fromBase64(user['client-certificate-data']),
      key: fromBase64(user['client-key-data']),
    },
    description: `cluster ${contexts[0]?.name}`,
  })
}

function fromBase64(data: string | undefined): string | undefined {
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8')
}
