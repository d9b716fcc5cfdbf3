import { accessOf, initRegistry } from '@isthmus/agent'
import { staticCredentials } from '@isthmus/kube'
import { type SecuredCluster, securedCluster } from '../fixtures/secured-cluster.ts'
import type { Ageing } from './ageing.ts'

/** The cluster that keeps the registry, and nothing else. */
export class Hub {
  readonly cluster: SecuredCluster

  private constructor(cluster: SecuredCluster) {
    this.cluster = cluster
  }

  static async start(ageing: Ageing): Promise<Hub> {
    const now = () => new Date(Date.now() + ageing.ahead)
    const hub = new Hub(await securedCluster({ now, onError: () => {} }))
    await initRegistry({ client: hub.cluster.client, clusterset: 'chaos' })
    return hub
  }

  /** How members' agents reach it. */
  get access(): ReturnType<typeof accessOf> {
    const { url, certificateAuthority: ca } = this.cluster
    return accessOf(staticCredentials({ server: url, tls: { ca } }))
  }
}
