/** For tests: as much of a cluster as an installation sees. */
import type { KubernetesObject, ResourceType } from '@isthmus/api'
import { ApiError, type ClusterClient } from '@isthmus/kube'

type Verb = 'get' | 'create' | 'update'
type Call = (type: ResourceType, object: KubernetesObject) => Promise<KubernetesObject>

export class MemoryCluster {
  readonly objects = new Map<string, KubernetesObject>()
  /** Every write, as `create ClusterRole isthmus-agent`. */
  readonly writes: string[] = []
  /** What is refused, by `create ClusterRole`, or `get` alone. */
  readonly refusals = new Map<string, ApiError>()
  /** Runs before a write is looked at: someone else is faster. */
  beforeWrite: (key: string) => void = () => {}
  #version = 0

  readonly client = {
    server: 'https://memory',
    get: (type: ResourceType, name: string, namespace?: string) => this.#get(type, name, namespace),
    create: ((type, object) => this.#write('create', type, object)) satisfies Call,
    update: ((type, object) => this.#write('update', type, object)) satisfies Call,
  } as unknown as ClusterClient

  /** As if someone had written it. */
  put(object: KubernetesObject): void {
    const stored = structuredClone(object)
    stored.metadata.resourceVersion = String(++this.#version)
    if (stored.kind === 'CustomResourceDefinition') {
      Object.assign(stored, { status: { conditions: [{ type: 'Established', status: 'True' }] } })
    }
    this.objects.set(keyOf(stored.kind, stored.metadata.name, stored.metadata.namespace), stored)
  }

  find(kind: string, name: string, namespace?: string): KubernetesObject | undefined {
    return this.objects.get(keyOf(kind, name, namespace))
  }

  async #get(type: ResourceType, name: string, namespace?: string): Promise<KubernetesObject> {
    this.#refuse('get', type.kind)
    const found = this.find(type.kind, name, namespace)
    if (found === undefined) throw apiError(404, 'NotFound')
    return structuredClone(found)
  }

  async #write(verb: Verb, type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    const { name, namespace, resourceVersion } = object.metadata
    const key = keyOf(type.kind, name, namespace)
    this.beforeWrite(key)
    this.#refuse(verb, type.kind)
    const before = this.objects.get(key)
    if (verb === 'create' && before !== undefined) throw apiError(409, 'AlreadyExists')
    if (verb === 'update' && before?.metadata.resourceVersion !== resourceVersion)
      throw apiError(409, 'Conflict')
    if (namespace !== undefined && !this.objects.has(keyOf('Namespace', namespace)))
      throw apiError(404, 'NotFound')
    this.writes.push(`${verb} ${key}`)
    this.put(object)
    return object
  }

  #refuse(verb: Verb, kind: string): void {
    const refusal = this.refusals.get(`${verb} ${kind}`) ?? this.refusals.get(verb)
    if (refusal !== undefined) throw refusal
  }
}

export function apiError(code: number, reason: string): ApiError {
  return new ApiError(code, reason, { status: { apiVersion: 'v1', kind: 'Status', code, reason } })
}

function keyOf(kind: string, name = '', namespace?: string): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}
