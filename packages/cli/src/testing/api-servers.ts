/** For tests: API servers with TLS and RBAC, and a kubeconfig with a context of each. */
import { writeFile } from 'node:fs/promises'
import { ApiServer } from '@isthmus/apiserver'

/** In the order of the names; `file` is written when all listen. Close them in every case. */
export async function startApiServers(names: readonly string[], file: string): Promise<readonly ApiServer[]> {
  const servers = names.map(() => new ApiServer({ tls: true, authorization: 'RBAC' }))
  await Promise.all(servers.map(server => server.listen()))
  const kubeconfigs = await Promise.all(
    servers.map((server, n) => server.kubeconfig({ cluster: `${names[n]}` })),
  )
  const merged = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: kubeconfigs.flatMap(({ clusters }) => clusters),
    users: kubeconfigs.flatMap(({ users }) => users),
    contexts: kubeconfigs.flatMap(({ contexts }) => contexts),
  }
  await writeFile(file, JSON.stringify(merged))
  return servers
}
