import {
  type EndpointSlice,
  type KubernetesObject,
  LABEL_SERVICE_NAME,
  type Namespace,
  type ServiceImport,
} from '@isthmus/api'
import type { ImportedService, ZoneSource, ZoneSourceListener } from './source.ts'

/** The kinds that a zone is made of. */
export type ZoneObject = ServiceImport | EndpointSlice | Namespace

/** A source that is given its objects one by one, for tests and for whoever has them in hand already. */
export class ObjectSource implements ZoneSource {
  readonly #imports = new Map<string, ServiceImport>()
  readonly #slices = new Map<string, EndpointSlice>()
  readonly #namespaces = new Set<string>()
  #listener: ZoneSourceListener | undefined

  constructor(objects: Iterable<ZoneObject> = []) {
    for (const object of objects) this.put(object)
  }

  /** Adds an object or replaces the one of its kind, namespace and name. */
  put(object: ZoneObject): void {
    const key = keyOf(object)
    if (isServiceImport(object)) this.#imports.set(key, object)
    else if (isEndpointSlice(object)) {
      const previous = this.#slices.get(key)
      this.#slices.set(key, object)
      if (previous) this.#tell(previous)
    } else this.#namespaces.add(key)
    this.#tell(object)
  }

  delete(object: ZoneObject): void {
    const key = keyOf(object)
    if (isServiceImport(object)) this.#imports.delete(key)
    else if (isEndpointSlice(object)) this.#slices.delete(key)
    else this.#namespaces.delete(key)
    this.#tell(object)
  }

  service(key: string): ImportedService | undefined {
    const serviceImport = this.#imports.get(key)
    if (!serviceImport) return undefined
    const slices = [...this.#slices.values()].filter(slice => serviceOf(slice) === key)
    return { serviceImport, slices }
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
    if (isServiceImport(object)) this.#listener?.serviceChanged(keyOf(object))
    else if (isEndpointSlice(object)) this.#listener?.serviceChanged(serviceOf(object))
    else this.#listener?.namespaceChanged(keyOf(object))
  }
}

/** The key of the service that a slice belongs to. */
export function serviceOf(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[LABEL_SERVICE_NAME]}`
}

function keyOf({ metadata: { namespace, name = '' } }: KubernetesObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

function isServiceImport(object: KubernetesObject): object is ServiceImport {
  return object.kind === 'ServiceImport'
}

function isEndpointSlice(object: KubernetesObject): object is EndpointSlice {
  return object.kind === 'EndpointSlice'
}
