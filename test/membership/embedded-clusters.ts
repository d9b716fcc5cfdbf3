/** Clusters with TLS and RBAC, to form a ClusterSet of; no agents. */
import { accessOf, initRegistry, type JoinOptions, joinClusterSet } from '@isthmus/agent'
import { ApiServer } from '@isthmus/apiserver'
import { type ClusterClient, type Credentials, connect, staticCredentials } from '@isthmus/kube'

export interface TestCluster {
  readonly id: string
  readonly server: ApiServer
  /** An administrator's. */
  readonly credentials: Credentials
  readonly client: ClusterClient
}

export class EmbeddedClusters {
  readonly #clusters = new Map<string, TestCluster>()
  readonly #clients: ClusterClient[] = []

  static async start(...ids: string[]): Promise<EmbeddedClusters> {
    const clusters = new EmbeddedClusters()
    await Promise.all(ids.map(id => clusters.#start(id)))
    return clusters
  }

  get(id: string): TestCluster {
    const cluster = this.#clusters.get(id)
    if (cluster === undefined) throw new Error(`there is no cluster ${id}`)
    return cluster
  }

  /** As whoever bears the token. */
  as(id: string, token: string): ClusterClient {
    return this.connect(withToken(this.get(id).credentials, token))
  }

  connect(credentials: Credentials): ClusterClient {
    const client = connect(credentials)
    this.#clients.push(client)
    return client
  }

  async joinOptions(id: string, registry: string, changes: Partial<JoinOptions> = {}): Promise<JoinOptions> {
    return {
      client: this.get(id).client,
      registry: this.get(registry).client,
      clusterId: id,
      access: await accessOf(this.get(id).credentials),
      registryAccess: await accessOf(this.get(registry).credentials),
      ...changes,
    }
  }

  /** A registry in the first, which the others join too. */
  async form(clusterset: string, registry: string, ...members: string[]): Promise<void> {
    await initRegistry({ client: this.get(registry).client, clusterset })
    for (const id of members) await joinClusterSet(await this.joinOptions(id, registry))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map(client => client.close()))
    await Promise.all([...this.#clusters.values()].map(({ server }) => server.close()))
  }

  async #start(id: string): Promise<void> {
    const server = new ApiServer({ tls: true, authorization: 'RBAC' })
    await server.listen()
    const { clusters, users } = await server.kubeconfig({ cluster: id })
    const [cluster, user] = [clusters[0]?.cluster, users[0]?.user]
    if (cluster === undefined || user === undefined) throw new Error('the kubeconfig has no context')
    const credentials = staticCredentials({
      server: cluster.server,
      token: user.token,
      tls: {
        ca: fromBase64(cluster['certificate-authority-data']),
        cert: fromBase64(user['client-certificate-data']),
        key: fromBase64(user['client-key-data']),
      },
    })
    this.#clusters.set(id, { id, server, credentials, client: this.connect(credentials) })
  }
}

/** The same server, with nobody's certificate. */
export function withToken(credentials: Credentials, token: string): Credentials {
  return {
    server: credentials.server,
    description: credentials.description,
    access: async () => {
      const { tls } = await credentials.access()
      return { headers: { authorization: `Bearer ${token}` }, tls: { ca: tls.ca } }
    },
  }
}

function fromBase64(data: string | undefined): string | undefined {
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString()
}
