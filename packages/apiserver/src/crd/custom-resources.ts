/**
 * The controller behind CustomResourceDefinitions: what they define is served while they are established, and goes
 * with them. Keys, not events: a definition is looked at whenever it, or another of its group, changes.
 */
import type { ResourceDefinition } from '../registry/definition.ts'
import type { Environment } from '../rest/environment.ts'
import { equalJson } from '../rest/json.ts'
import type { LocalApi } from '../rest/local-api.ts'
import { formatTime } from '../rest/scalars.ts'
import { StatusError } from '../status/status.ts'
import {
  CLEANUP_FINALIZER,
  CRDS,
  type CrdCondition,
  type CustomResourceDefinition,
  isTrue,
  withCondition,
} from './crd.ts'
import { statusOf } from './crd-status.ts'
import { customResources } from './custom-resource.ts'

interface Served {
  readonly crd: CustomResourceDefinition
  readonly definitions: readonly ResourceDefinition[]
}

const DELETING = {
  type: 'Terminating',
  status: 'True',
  reason: 'InstanceDeletionInProgress',
  message: 'CustomResource deletion is in progress',
} as const

export class CustomResources {
  readonly #environment: Environment
  readonly #api: LocalApi
  readonly #served = new Map<string, Served>()
  /** Ends the wait for the objects of a definition that is being deleted. */
  readonly #waits = new Map<string, () => void>()
  readonly #stop: () => void

  constructor(environment: Environment, api: LocalApi) {
    this.#environment = environment
    this.#api = api.as({ fieldManager: 'kube-apiserver' })
    // Those of an earlier run are served at once; the watch tells of them again.
    for (const { metadata } of this.#api.list(CRDS)) this.#reconcile(metadata.name)
    this.#stop = api.watch(CRDS, ({ object }) => this.#reconcile(object.metadata.name))
  }

  close(): void {
    this.#stop()
    for (const end of this.#waits.values()) end()
  }

  #reconcile(name: string): void {
    const crd = this.#api.get(CRDS, undefined, name) as CustomResourceDefinition | undefined
    if (crd === undefined) this.#withdraw(name)
    else if (crd.metadata.deletionTimestamp === undefined) this.#establish(crd)
    else this.#remove(crd)
  }

  /** Served first, said so after: who sees it Established can use it. */
  #establish(crd: CustomResourceDefinition): void {
    const status = statusOf(crd, this.#others(crd), formatTime(this.#environment.now()))
    const next = { ...crd, status }
    if (isTrue(next, 'Established')) this.#serve(next)
    if (status !== crd.status) this.#write(next)
  }

  #others(crd: CustomResourceDefinition): CustomResourceDefinition[] {
    const all = this.#api.list(CRDS) as readonly CustomResourceDefinition[]
    return all.filter(
      other => other.spec.group === crd.spec.group && other.metadata.name !== crd.metadata.name,
    )
  }

  #serve(crd: CustomResourceDefinition): void {
    const { registry } = this.#environment
    const before = this.#served.get(crd.metadata.name)
    if (before && before.crd.metadata.uid === crd.metadata.uid && isSameService(before.crd, crd)) return
    const definitions = customResources(crd)
    for (const definition of definitions) registry.register(definition)
    for (const { group, plural, version } of before?.definitions ?? []) {
      if (!definitions.some(definition => definition.version === version))
        registry.unregister({ group, plural, version })
    }
    this.#served.set(crd.metadata.name, { crd, definitions })
  }

  #withdraw(name: string): void {
    const [plural = '', ...group] = name.split('.')
    this.#waits.get(name)?.()
    this.#waits.delete(name)
    if (!this.#served.delete(name)) return
    this.#environment.registry.unregister({ group: group.join('.'), plural })
    this.#reconsider(group.join('.'))
  }

  /** Names have become free: another definition of the group may have waited for them. */
  #reconsider(group: string): void {
    for (const crd of this.#api.list(CRDS) as readonly CustomResourceDefinition[])
      if (crd.spec.group === group && !isTrue(crd, 'NamesAccepted')) this.#reconcile(crd.metadata.name)
  }

  /** Deletes the objects; once the last one is gone (they may have finalizers) the definition may go. */
  #remove(crd: CustomResourceDefinition): void {
    const { name, finalizers = [] } = crd.metadata
    if (!finalizers.includes(CLEANUP_FINALIZER)) return
    if (isTrue(crd, 'Established')) this.#serve(crd)
    const key = { group: crd.spec.group, plural: crd.spec.names.plural }
    if (this.#served.has(name)) this.#deleteObjects(key)
    const left = this.#environment.storage.list(key).length
    if (left > 0) {
      this.#waitForObjects(name, key)
      this.#say(crd, DELETING)
      return
    }
    this.#waits.get(name)?.()
    this.#waits.delete(name)
    this.#tolerant(() => {
      const metadata = {
        ...crd.metadata,
        finalizers: finalizers.filter(finalizer => finalizer !== CLEANUP_FINALIZER),
      }
      this.#api.update(CRDS, { ...crd, metadata: { ...metadata } })
    })
  }

  #deleteObjects(key: { group: string; plural: string }): void {
    for (const { metadata } of this.#environment.storage.list(key)) {
      if (metadata.deletionTimestamp === undefined)
        this.#tolerant(() =>
          this.#api.delete(key, metadata.namespace, metadata.name, { preconditions: { uid: metadata.uid } }),
        )
    }
  }

  #waitForObjects(name: string, key: { group: string; plural: string }): void {
    if (this.#waits.has(name)) return
    const end = this.#environment.storage.subscribe(key, ({ type }) => {
      // A listener must not write within the turn of the write that it hears of.
      if (type === 'DELETED') setImmediate(() => this.#waits.has(name) && this.#reconcile(name))
    })
    this.#waits.set(name, end)
  }

  /** Past the rules for metadata: they do not know the finalizer, which the server itself has set. */
  #say(crd: CustomResourceDefinition, condition: Omit<CrdCondition, 'lastTransitionTime'>): void {
    const { storage, now } = this.#environment
    const conditions = withCondition(crd.status?.conditions, condition, formatTime(now()))
    if (crd.status === undefined || equalJson(conditions, crd.status.conditions)) return
    const said = { ...crd, metadata: { ...crd.metadata }, status: { ...crd.status, conditions } }
    storage.update(CRDS, said, crd.metadata.resourceVersion)
  }

  #write(crd: CustomResourceDefinition): void {
    this.#tolerant(() => this.#api.updateStatus(CRDS, { ...crd, metadata: { ...crd.metadata } }))
  }

  /** Somebody else was quicker: the change that they made brings the definition here again. */
  #tolerant(write: () => unknown): void {
    try {
      write()
    } catch (error) {
      if (!(error instanceof StatusError && (error.code === 404 || error.code === 409))) throw error
    }
  }
}

/** What is served follows from these alone. */
const isSameService = (a: CustomResourceDefinition, b: CustomResourceDefinition): boolean =>
  equalJson(a.spec, b.spec)
