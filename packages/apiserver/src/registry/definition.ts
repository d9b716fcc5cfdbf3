/**
 * What a resource is, as data. The REST verbs, discovery, tables, patches and OpenAPI read these
 * definitions and know no resource by name; a resource is added by adding a definition.
 */
import type { Exchange } from '../http/exchange.ts'
import type { LocalApi } from '../rest/local-api.ts'
import type { Schema } from '../schema/schema.ts'
import type { Status } from '../status/status.ts'
import type { FieldError } from './field-error.ts'

/** An object as it is stored and sent. Never changed in place once it is stored. */
export interface StoredObject {
  apiVersion: string
  kind: string
  metadata: StoredMeta
  [field: string]: unknown
}

export interface StoredMeta {
  name: string
  namespace?: string
  generateName?: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  managedFields?: unknown[]
}

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

/** Group and plural: what storage is kept under. All versions of a resource share it. */
export interface ResourceKey {
  readonly group: string
  readonly plural: string
}

export interface ResourceDefinition extends ResourceKey {
  readonly version: string
  readonly kind: string
  readonly singular: string
  readonly listKind: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  /** Fields and their types: unknown-field checks, pruning, OpenAPI, strategic merge and apply read it. */
  readonly schema: Schema
  readonly verbs: readonly Verb[]
  /** `metadata.generation` is 1 on creation and grows when anything but metadata and status changes. */
  readonly hasGeneration: boolean
  readonly status: boolean
  readonly scale?: ScalePaths
  /** Subresources that are the object itself and write a part of it: the rules know them by `context.subresource`. */
  readonly views?: readonly View[]
  /** Field selectors beyond metadata.name and metadata.namespace. */
  readonly selectableFields: Readonly<Record<string, (object: StoredObject) => string>>
  readonly columns: readonly Column[]
  readonly rules: ResourceRules
  /** Served by a CustomResourceDefinition: no strategic merge patch, other texts for a wrong path or method. */
  readonly custom?: boolean
  /** Where objects are kept, if not under group and plural: `events.k8s.io` shows the events of the core group. */
  readonly storedAs?: ResourceKey
  /** Between the stored form and this version. Without it both are the same. */
  readonly conversion?: Conversion
  /** Which names are allowed; an RFC 1123 subdomain unless said. */
  readonly nameFormat?: NameFormat
  /** A replace without resourceVersion wins (true unless said); else it is 422. */
  readonly unconditionalUpdate?: boolean
  /** A replace of a missing object creates it. */
  readonly createOnUpdate?: boolean
  /** A write to `/status` may change labels, annotations, finalizers and owners too (true unless said). */
  readonly statusWritesMetadata?: boolean
  /** A delete answers the object instead of a Status. */
  readonly deleteAnswersObject?: boolean
  /** Every request is answered with this `Warning`. */
  readonly deprecationWarning?: string
  /** What an object without any field is encoded as, beside kind and metadata: BOOKMARK events bear it. */
  readonly emptyObject?: Readonly<Record<string, unknown>>
  /** Subresources beyond status and scale, such as `token` of serviceaccounts. */
  readonly connections?: readonly Connection[]
  /** Nothing is stored: a create is answered with what this makes of the object (reviews). */
  readonly answer?: (object: StoredObject, context: WriteContext) => StoredObject | Promise<StoredObject>
}

export interface Conversion {
  /** To the form that is stored. */
  toStored(object: StoredObject): StoredObject
  /** To the form that is served; called once per stored object and version. */
  fromStored(object: StoredObject): StoredObject
}

/** `subdomain` and `label` are RFC 1123's, `path` is anything that can stand in a URL path (RBAC). */
export type NameFormat = 'subdomain' | 'label' | 'path'

/** A subresource with a body and an answer of its own kind. */
export interface Connection {
  readonly name: string
  /** Kind of the body and answer; group and version if they differ from the resource's. */
  readonly group?: string
  readonly version?: string
  readonly kind: string
  readonly verbs: readonly Verb[]
  /** `owner` is the object that the subresource belongs to. The result is answered with 200, a create with 201. */
  readonly call?: (
    verb: Verb,
    owner: StoredObject,
    body: StoredObject | undefined,
    context: ConnectionContext,
  ) => StoredObject | Status | Promise<StoredObject | Status>
  /** In place of `call`, for what is no document: logs, proxies. Everything below the subresource's path comes here. */
  readonly serve?: (owner: StoredObject, exchange: Exchange, context: ConnectionContext) => Promise<void>
}

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch'

export interface ScalePaths {
  readonly specReplicasPath: string
  readonly statusReplicasPath: string
  readonly labelSelectorPath?: string
}

/** A column of the Table that kubectl prints. */
export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly description: string
  readonly priority: number
  readonly cell: (object: StoredObject, now: Date) => unknown
}

export type Subresource = '' | 'status' | 'scale' | 'finalize' | 'ephemeralcontainers' | 'resize' | 'binding'

export interface View {
  readonly name: Exclude<Subresource, '' | 'status' | 'scale' | 'binding'>
  readonly verbs: readonly Verb[]
}

/** What a rule may know of the write that it takes part in. All synchronous: a write is one turn of the event loop. */
export interface WriteContext {
  readonly definition: ResourceDefinition
  readonly subresource: Subresource
  readonly dryRun: boolean
  readonly now: Date
  readonly user: UserInfo
  readonly storage: ReadableStorage
  /** Adds a `Warning` header to the answer. */
  warn(text: string): void
}

/** What a subresource of its own kind may use: it may write, as its user. */
export interface ConnectionContext extends WriteContext {
  readonly api: LocalApi
}

export interface UserInfo {
  readonly username: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

export interface ReadableStorage {
  get(key: ResourceKey, namespace: string | undefined, name: string): StoredObject | undefined
  list(key: ResourceKey, namespace?: string): readonly StoredObject[]
}

/**
 * What makes a resource more than a stored document. Called in this order, on an object that is the
 * write's own copy: fill, prepare, validate, reserve. Everything is optional.
 */
export interface ResourceRules {
  /** Fills in defaults. `old` is set on an update. */
  fill?(object: StoredObject, old: StoredObject | undefined, context: WriteContext): void
  /** Drops what a client may not set and sets what the server owns (status on create, phases). */
  prepare?(object: StoredObject, old: StoredObject | undefined, context: WriteContext): void
  validate?(object: StoredObject, old: StoredObject | undefined, context: WriteContext): FieldError[]
  /**
   * Takes what is scarce (Service IPs, node ports) and writes it into the object. Not kept on a dry run:
   * the returned `undo` is called then, and when the write fails.
   */
  reserve?(object: StoredObject, old: StoredObject | undefined, context: WriteContext): Reservation
  /** The object has left storage: gives back what it held. */
  release?(object: StoredObject): void
  /** Whether `metadata.generation` grows, for kinds where it is not "anything but metadata and status". */
  generationGrows?(object: StoredObject, old: StoredObject): boolean
  /** Seconds that a deleted object stays for its node to stop it; 0 is at once. */
  gracePeriodSeconds?(object: StoredObject, asked: number | undefined): number
  /** Why an object may not be deleted at all; undefined where it may. */
  objectionToDeletion?(object: StoredObject): string | undefined
  /** Sets what a deletion changes beside metadata (a Namespace's phase). */
  markDeleted?(object: StoredObject): void
  /** Whether something beside `metadata.finalizers` keeps a deleted object (a Namespace's `spec.finalizers`). */
  holdsDeletion?(object: StoredObject): boolean
}

export interface Reservation {
  readonly errors: readonly FieldError[]
  readonly undo: () => void
}
