/** What the contract asks of a client, whoever wrote it: the verbs of the API over plain objects. */
import type { KubernetesObject, ObjectMeta, ResourceType } from '@isthmus/api'

/** Any object, with whatever fields its kind has. */
export interface AnyObject extends KubernetesObject {
  metadata: ObjectMeta & { name: string }
  [field: string]: unknown
}

export type Kind = Omit<ResourceType, 'object'>
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

export interface Selection {
  readonly namespace: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Objects per request; the client asks until it has all. */
  readonly pageSize?: number
}

export interface Patching {
  readonly subresource?: 'status'
  /** Of an apply. */
  readonly fieldManager?: string
  readonly force?: boolean
}

export interface Deletion {
  readonly uid?: string
  readonly resourceVersion?: string
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
}

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly name: string
}

/** Every method rejects with a {@link Refusal} when the server says no. */
export interface ContractClient {
  create(kind: Kind, object: AnyObject): Promise<AnyObject>
  get(kind: Kind, namespace: string, name: string): Promise<AnyObject>
  list(kind: Kind, selection: Selection): Promise<AnyObject[]>
  update(kind: Kind, object: AnyObject): Promise<AnyObject>
  updateStatus(kind: Kind, object: AnyObject): Promise<AnyObject>
  patch(
    kind: Kind,
    namespace: string,
    name: string,
    type: PatchType,
    patch: object,
    options?: Patching,
  ): Promise<AnyObject>
  delete(kind: Kind, namespace: string, name: string, options?: Deletion): Promise<void>
  /** What there is and every change, until it is stopped. */
  watch(kind: Kind, selection: Selection, onChange: (change: Change) => void): Promise<() => Promise<void>>
  /** A token of a ServiceAccount. */
  token(namespace: string, serviceAccount: string): Promise<string>
  close(): Promise<void>
}

/** Makes a client of a kubeconfig, which is JSON. */
export type Judge = (kubeconfig: string) => Promise<ContractClient>

/** A Status that is no success, as the client tells it. */
export class Refusal extends Error {
  readonly code: number
  readonly reason: string

  constructor(code: number, reason: string, message: string, cause?: unknown) {
    super(`${code} ${reason}: ${message}`, { cause })
    this.code = code
    this.reason = reason
  }
}
