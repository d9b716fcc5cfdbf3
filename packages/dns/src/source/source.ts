import { type EndpointSlice, LABEL_SERVICE_NAME, type ServiceImport } from '@isthmus/api'

/** What a zone is made of, by service: `namespace/name`. */
export interface ImportedService {
  readonly serviceImport: ServiceImport
  /** Those labelled with its name, in its namespace. */
  readonly slices: readonly EndpointSlice[]
}

/** Told what changed, not how: the state is read when it is asked for. Each time the zone's serial grows. */
export interface ZoneSourceListener {
  serviceChanged(key: string): void
  namespaceChanged(name: string): void
}

/** Where the zone's objects come from. */
export interface ZoneSource {
  /** Undefined if there is no such ServiceImport. */
  service(key: string): ImportedService | undefined
  /** Whether there is such a ServiceImport. */
  hasService(key: string): boolean
  hasNamespace(name: string): boolean
  /** Tells of everything, then of every change. */
  start(listener: ZoneSourceListener): void
  /** Resolves when all that exists has been told of once. */
  whenSynced(): Promise<void>
  stop(): Promise<void>
}

/** The key of the service that a slice belongs to. */
export function serviceOf({ metadata }: EndpointSlice): string {
  return `${metadata.namespace}/${metadata.labels?.[LABEL_SERVICE_NAME]}`
}
