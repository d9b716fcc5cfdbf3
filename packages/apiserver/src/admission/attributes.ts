import type { ResourceDefinition, StoredObject, Subresource, UserInfo } from '../registry/definition.ts'

/** What a write wants to do, as admission sees it. */
export interface AdmissionAttributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  readonly definition: ResourceDefinition
  readonly subresource: Subresource
  readonly namespace: string | undefined
  readonly name: string
  /** As it would be stored; undefined of a deletion. */
  readonly object: StoredObject | undefined
  /** As it is stored; undefined of a creation. */
  readonly oldObject: StoredObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  /** Adds a `Warning` header to the answer. */
  warn(text: string): void
}

/** Throws a StatusError if the write is refused. Called when it is known to be valid, before it is stored. */
export type Admit = (attributes: AdmissionAttributes) => void
