/**
 * What a resource is, as data. The REST verbs, discovery, tables, patches and OpenAPI read these
 * definitions and know no resource by name; a resource is added by adding a definition.
 */
import type { Schema } from '../schema/schema.ts'
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
  /** Field selectors beyond metadata.name and metadata.namespace. */
  readonly selectableFields: Readonly<Record<string, (object: StoredObject) => string>>
  readonly columns: readonly Column[]
  readonly rules: ResourceRules
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

export type Subresource = '' | 'status' | 'scale'

/** What a rule may know of the write that it takes part in. All synchronous: a write is one turn of the event loop. */
export interface WriteContext {
  readonly subresource: Subresource
  readonly dryRun: boolean
  readonly now: Date
  readonly user: UserInfo
  readonly storage: ReadableStorage
  /** Adds a `Warning` header to the answer. */
  warn(text: string): void
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
}

export interface Reservation {
  readonly errors: readonly FieldError[]
  readonly undo: () => void
}
