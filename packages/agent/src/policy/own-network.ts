import { type KubernetesObject, NODES, type Node, SERVICE_CIDRS, type ServiceCIDR } from '@isthmus/api'
import { CIDRList, type OwnAddresses } from '@isthmus/core'
import { ApiError, type BackoffOptions, type ClusterClient, Reflector } from '@isthmus/kube'
import type { OwnCluster } from '../own/own-cluster.ts'

/** Nodes may not be readable, and older servers have no ServiceCIDRs: asked again, but not often. */
const BACKOFF: BackoffOptions = { initialMs: 1_000, maxMs: 10 * 60_000, factor: 4 }
const API_SERVER = { namespace: 'default', name: 'kubernetes' }
const API_SERVER_KEY = `${API_SERVER.namespace}/${API_SERVER.name}`

/**
 * Which addresses are this cluster's own: of its API server, and, where nodes and ServiceCIDRs can be read, of
 * its pods and Services.
 */
export class OwnNetwork {
  readonly #own: OwnCluster
  readonly #nodes: Reflector<Node>
  readonly #serviceCIDRs: Reflector<ServiceCIDR>
  #known = ''

  constructor(client: ClusterClient, own: OwnCluster, onChange: () => void) {
    this.#own = own
    this.#nodes = new Reflector({ client, type: NODES, trim: trimNode, backoff: BACKOFF })
    this.#serviceCIDRs = new Reflector({ client, type: SERVICE_CIDRS, backoff: BACKOFF })
    const look = () => {
      const now = JSON.stringify(this.#ranges())
      if (now === this.#known) return
      this.#known = now
      onChange()
    }
    this.#nodes.store.subscribe(look)
    this.#serviceCIDRs.store.subscribe(look)
    own.services.subscribe(key => {
      if (key === API_SERVER_KEY) look()
    })
    own.slices.subscribe((_, next, previous) => {
      if (isOfAPIServer(next) || isOfAPIServer(previous)) look()
    })
  }

  start(): void {
    this.#nodes.start()
    this.#serviceCIDRs.start()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#nodes.stop(), this.#serviceCIDRs.stop()])
  }

  /** All is known that can be: what may not be read is not waited for. */
  async whenKnown(signal: AbortSignal): Promise<void> {
    await Promise.all([listedOrRefused(this.#nodes, signal), listedOrRefused(this.#serviceCIDRs, signal)])
  }

  addresses(): OwnAddresses {
    const { apiServer, services, pods } = this.#ranges()
    return { apiServer: new CIDRList(apiServer), services: new CIDRList(services), pods: new CIDRList(pods) }
  }

  #ranges() {
    const service = this.#own.services.get(API_SERVER_KEY)
    const slices = this.#own.slices.byIndex('service', API_SERVER_KEY)
    const endpoints = slices.flatMap(({ endpoints }) =>
      (endpoints ?? []).flatMap(({ addresses }) => addresses),
    )
    return {
      apiServer: [...(service?.spec?.clusterIPs ?? []), ...endpoints].sort(),
      services: this.#serviceCIDRs.store
        .list()
        .flatMap(({ spec }) => spec?.cidrs ?? [])
        .sort(),
      pods: this.#nodes.store
        .list()
        .flatMap(({ spec }) => spec?.podCIDRs ?? [])
        .sort(),
    }
  }
}

/** Without its version: a node's status changes all the time, and is of no interest. */
function trimNode({ apiVersion, kind, metadata, spec }: Node): Node {
  const { name = '', uid = '' } = metadata
  return { apiVersion, kind, metadata: { name, uid }, spec: { podCIDRs: spec?.podCIDRs ?? [] } }
}

function isOfAPIServer(object: KubernetesObject | undefined): boolean {
  return (
    object?.metadata.namespace === API_SERVER.namespace &&
    object.metadata.labels?.['kubernetes.io/service-name'] === API_SERVER.name
  )
}

/** They may not be read, or are not served. Whatever else fails passes, and is waited for: a peer might use the moment. */
function isRefusal(error: Error | undefined): boolean {
  return error instanceof ApiError && (error.code === 403 || error.code === 404)
}

async function listedOrRefused<T extends KubernetesObject>(
  reflector: Reflector<T>,
  signal: AbortSignal,
): Promise<void> {
  const refused = Promise.withResolvers<void>()
  const look = () => {
    if (isRefusal(reflector.state.error)) refused.resolve()
  }
  const unsubscribe = reflector.subscribeState(look)
  look()
  try {
    await Promise.race([reflector.whenSynced(signal), refused.promise])
  } finally {
    unsubscribe()
  }
}
