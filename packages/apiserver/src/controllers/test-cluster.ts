/** A cluster for tests: storage, all controllers, and a kubelet whose pods run at once. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ResourceKey, StoredObject } from '../registry/definition.ts'
import { Registry } from '../registry/registry.ts'
import { builtInResources } from '../resources/index.ts'
import { ServiceAllocation } from '../resources/service-allocation.ts'
import { LocalApi, type LocalObject } from '../rest/local-api.ts'
import { Storage } from '../storage/storage.ts'
import { startControllers } from './index.ts'
import { NODES, PODS, type Pod } from './pod.ts'

const NAMESPACES = { group: '', plural: 'namespaces' }
const PATIENCE_MS = 5000

export class TestCluster {
  readonly storage = new Storage()
  readonly registry = new Registry()
  readonly api: LocalApi
  readonly namespace = 'demo'
  /** What controllers could not do, and tried again. */
  readonly errors: string[] = []
  /** Images whose pods start but never become ready. */
  readonly unready = new Set<string>()
  readonly #ends: (() => void)[] = []
  #addresses = 0

  constructor() {
    const now = () => new Date()
    this.api = new LocalApi({ storage: this.storage, registry: this.registry, now })
    const allocation = new ServiceAllocation({ serviceCIDRs: ['10.96.0.0/16', 'fd00:10:96::/112'] })
    for (const definition of builtInResources({ allocation })) this.registry.register(definition)
    for (const name of ['default', this.namespace]) this.api.create(NAMESPACES, { metadata: { name } })
    this.api.create(NODES, { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } } })
    const context = {
      api: this.api,
      registry: this.registry,
      now,
      onError: (controller: string, key: string, error: unknown) =>
        void this.errors.push(`${controller} ${key}: ${error}`),
    }
    const kubernetesService = { clusterIP: allocation.firstAddress }
    this.#ends.push(
      startControllers(context, { kubernetesService }),
      this.api.watch(PODS, ({ type, object }) => {
        if (type !== 'DELETED') this.#runPod(object as Pod)
      }),
    )
  }

  stop(): void {
    for (const end of this.#ends) end()
  }

  create<T extends StoredObject>(key: ResourceKey, name: string, rest: object, metadata: object = {}): T {
    const object = { ...rest, metadata: { name, namespace: this.namespace, ...metadata } } as LocalObject
    return this.api.create(key, object) as T
  }

  get<T extends StoredObject>(key: ResourceKey, name: string): T {
    const found = this.find<T>(key, name)
    assert.ok(found, `${key.plural} ${name} is there`)
    return found
  }

  find<T extends StoredObject>(key: ResourceKey, name: string): T | undefined {
    return this.api.get(key, this.namespace, name) as T | undefined
  }

  list<T extends StoredObject>(key: ResourceKey): T[] {
    return [...this.api.list(key, this.namespace)] as T[]
  }

  patchSpec(key: ResourceKey, name: string, spec: object): void {
    this.api.patch(key, this.namespace, name, { spec })
  }

  /** Waits for a condition; fails with the last thing that `shown` says when it does not come. */
  async until(what: string, holds: () => boolean, shown: () => unknown = () => ''): Promise<void> {
    const end = performance.now() + PATIENCE_MS
    while (!holds()) {
      assert.ok(performance.now() < end, `${what}: ${JSON.stringify(shown())} ${this.errors.join('; ')}`)
      await sleep(1)
    }
  }

  /** Waits until nothing has been written for a while. */
  async rest(): Promise<void> {
    let revision = -1
    await this.until('rest', () => {
      const isSame = revision === this.storage.revision
      revision = this.storage.revision
      return isSame && this.#isIdle()
    })
  }

  #quietSince = { revision: -1, at: 0 }

  #isIdle(): boolean {
    const { revision } = this.storage
    if (this.#quietSince.revision !== revision) this.#quietSince = { revision, at: performance.now() }
    return performance.now() - this.#quietSince.at > 30
  }

  #runPod({ metadata, spec, status, ...rest }: Pod): void {
    const { name, namespace, deletionTimestamp } = metadata
    if (deletionTimestamp !== undefined) {
      this.api.delete(PODS, namespace, name, { gracePeriodSeconds: 0 })
    } else if (!spec.nodeName) {
      this.api.update(PODS, { ...rest, metadata, status, spec: { ...spec, nodeName: 'n1' } }, 'binding')
    } else if (!status.podIP) {
      const number = this.#addresses++
      const podIP = `10.1.${Math.floor(number / 250)}.${(number % 250) + 1}`
      const ready = spec.containers?.some(({ image }) => this.unready.has(String(image))) ? 'False' : 'True'
      const conditions = [{ type: 'Ready', status: ready, lastTransitionTime: metadata.creationTimestamp }]
      const next = { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions }
      this.api.patch(PODS, namespace, name, { status: next }, { subresource: 'status' })
    }
  }
}
