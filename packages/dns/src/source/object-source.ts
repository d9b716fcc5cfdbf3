import type { EndpointSlice, KubernetesObject, Namespace, ServiceImport } from '@isthmus/api'
import { objectKey } from '@isthmus/kube'
import { type ImportedService, serviceOf, type ZoneSource, type ZoneSourceListener } from './source.ts'

/** The kinds that a zone is made of. */
export type ZoneObject = ServiceImport | EndpointSlice | Namespace

/** A source that is given its objects one by one, for tests and for whoever has them in hand already. */
export class ObjectSource implements ZoneSource {
  readonly #imports = new Map<string, ServiceImport>()
  readonly #slices = new Map<string, EndpointSlice>()
  readonly #slicesOf = new Map<string, Set<EndpointSlice>>()
  readonly #namespaces = new Set<string>()
  #listener: ZoneSourceListener | undefined

  constructor(objects: Iterable<ZoneObject> = []) {
    for (const object of objects) this.put(object)
  }

  /** Adds an object, or replaces the one of its kind, namespace and name. */
  put(object: ZoneObject): void {
    this.delete(object)
    const key = objectKey(object)
    if (isServiceImport(object)) {
      this.#imports.set(key, object)
    } else if (isEndpointSlice(object)) {
      this.#slices.set(key, object)
      const service = serviceOf(object)
      this.#slicesOf.set(service, (this.#slicesOf.get(service) ?? new Set()).add(object))
    } else {
      this.#namespaces.add(key)
    }
    this.#tell(object)
  }

  /** Removes the object of that kind, namespace and name. */
  delete(object: ZoneObject): void {
    const key = objectKey(object)
    if (isServiceImport(object)) {
      this.#imports.delete(key)
    } else if (isEndpointSlice(object)) {
      const previous = this.#slices.get(key)
      if (!previous) return
      this.#slices.delete(key)
      this.#slicesOf.get(serviceOf(previous))?.delete(previous)
      this.#tell(previous)
      return
    } else {
      this.#namespaces.delete(key)
    }
    this.#tell(object)
  }

  service(key: string): ImportedService | undefined {
    const serviceImport = this.#imports.get(key)
    return serviceImport && { serviceImport, slices: [...(this.#slicesOf.get(key) ?? [])] }
  }

  hasService(key: string): boolean {
    return this.#imports.has(key)
  }

  hasNamespace(name: string): boolean {
    return this.#namespaces.has(name)
  }

  start(listener: ZoneSourceListener): void {
    this.#listener = listener
    for (const name of this.#namespaces) listener.namespaceChanged(name)
    for (const key of this.#imports.keys()) listener.serviceChanged(key)
  }

  async whenSynced(): Promise<void> {}

  async stop(): Promise<void> {
    this.#listener = undefined
  }

  #tell(object: ZoneObject): void {
    if (isServiceImport(object)) this.#listener?.serviceChanged(objectKey(object))
    else if (isEndpointSlice(object)) this.#listener?.serviceChanged(serviceOf(object))
    else this.#listener?.namespaceChanged(objectKey(object))
  }
}

function isServiceImport(object: KubernetesObject): object is ServiceImport {
  return object.kind === 'ServiceImport'
}

function isEndpointSlice(object: KubernetesObject): object is EndpointSlice {
  return object.kind === 'EndpointSlice'
}
