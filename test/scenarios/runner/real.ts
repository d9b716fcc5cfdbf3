import { setTimeout as delay } from 'node:timers/promises'
import { installInto } from '@isthmus/agent'
import { type IPFamily, type KubernetesObject, NAMESPACES, SERVICES, type Service } from '@isthmus/api'
import type { KeptFields } from '@isthmus/core'
import { connect, isNotFound, loadCredentials } from '@isthmus/kube'
import { AgentClusters } from './agent-clusters.ts'
import { typeOf } from './kinds.ts'
import type { Scenario, ServerAction } from './scenario.ts'
import { keptFieldsIn, unkeptFields } from './unkept-fields.ts'

export interface RealClustersOptions {
  readonly kubeconfig: string
  /** One for each of the members east, west, north, in this order. */
  readonly contexts: readonly string[]
}

const IDS = ['east', 'west', 'north']

/** Clusters of a kubeconfig, with agents in this process. Their pods and proxies are not used. */
export class RealClusters extends AgentClusters {
  readonly pollMs = 200
  readonly families = new Map<string, readonly IPFamily[]>()
  readonly #kept = new Map<string, KeptFields>()
  /** The scenario taken on knows of one family alone. */
  #isOneFamily = false
  /** What the scenario made outside its namespace: it outlives that, and an ImportPolicy applies to all others. */
  readonly #clusterScoped: { readonly id: string; readonly object: KubernetesObject }[] = []

  /** Installs what agents need, and starts them. */
  static async start({ kubeconfig, contexts }: RealClustersOptions): Promise<RealClusters> {
    const clusters = new RealClusters()
    for (const [i, id] of IDS.entries()) {
      const context = contexts[i]
      if (context === undefined) throw new Error(`a context for ${id} is missing: three are needed`)
      const open = () => connect(loadCredentials({ kubeconfig, context }))
      const client = open()
      clusters.add({ id, client, connect: open })
      await installInto(client)
      const probe = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace: 'default', name: 'families' },
      }
      const spec = { ipFamilyPolicy: 'PreferDualStack' as const, ports: [{ port: 1 }] }
      const made = await client.create(SERVICES, { ...probe, spec }, { dryRun: true })
      clusters.families.set(id, made.spec?.ipFamilies ?? [])
      clusters.#kept.set(id, await keptFieldsIn(client))
    }
    await clusters.startAgents()
    return clusters
  }

  /**
   * Makes ready for a scenario; answers why it cannot run here, if it cannot. Where all its members have one
   * family, the same, a cluster with a second family will do: its Services are made for the first alone.
   */
  takeOn(scenario: Scenario): string | undefined {
    const { members, leftOut } = scenario
    if (leftOut.real !== undefined) return leftOut.real
    const wanted = Object.values(members).map(({ families }) => families.join(', '))
    this.#isOneFamily = new Set(wanted).size === 1 && Object.values(members)[0]?.families.length === 1
    for (const [id, { families }] of Object.entries(members)) {
      const kept = this.#kept.get(id)
      const unkept = kept === undefined ? [] : unkeptFields(scenario, id, kept)
      if (unkept.length > 0) return `the ServiceImport CRD of ${id} does not keep ${unkept.join(', ')}`
      const has = this.families.get(id) ?? []
      const suits = this.#isOneFamily ? has[0] === families[0] : has.join(', ') === families.join(', ')
      if (!suits) return `${id} has ${has.join(', ')} where ${families.join(', ')} is needed`
    }
    return undefined
  }

  /** A headless Service without selector gets every family of its cluster, if it does not say otherwise. */
  override async create(id: string, object: KubernetesObject): Promise<void> {
    const { spec } = object as Service
    const isOpen =
      this.#isOneFamily &&
      object.kind === 'Service' &&
      spec?.type !== 'ExternalName' &&
      spec?.ipFamilyPolicy === undefined &&
      spec?.ipFamilies === undefined
    const made = isOpen ? { ...object, spec: { ...spec, ipFamilyPolicy: 'SingleStack' } } : object
    await super.create(id, made)
    if (!typeOf(object).namespaced) this.#clusterScoped.push({ id, object })
  }

  /** Deletes what a scenario made: its namespace, and what is in none. */
  async removeAllOf(namespace: string): Promise<void> {
    const made = this.#clusterScoped.splice(0)
    const namespaces = IDS.map(id => ({ id, object: namespaceOf(namespace) }))
    for (const { id, object } of [...made, ...namespaces]) {
      await this.delete(id, object).catch(error => {
        if (!isNotFound(error)) throw error
      })
    }
  }

  async server(_: string, action: ServerAction): Promise<void> {
    throw new Error(`no real API server is told to ${action}`)
  }

  /** Real clocks move by themselves. */
  async clock(seconds: number): Promise<void> {
    await delay(seconds * 1000)
  }

  protected now(): number {
    return Date.now()
  }

  protected isReachable(): boolean {
    return true
  }
}

function namespaceOf(name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: NAMESPACES.kind, metadata: { name } }
}
