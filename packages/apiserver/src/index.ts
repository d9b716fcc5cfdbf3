export { ApiServer, type ApiServerOptions, type KubeconfigRequest, type ListenOptions } from './api-server.ts'
export type { Effect, FaultyRequest } from './faults/effects.ts'
export * as effects from './faults/effects.ts'
export type { Fault, FaultMatch, FaultRule, Faults } from './faults/faults.ts'
export type { Limits } from './limits/limits.ts'
export type {
  ResourceDefinition,
  ResourceKey,
  StoredMeta,
  StoredObject,
  UserInfo,
} from './registry/definition.ts'
export type { LogQuery, PodRuntime } from './resources/pod-logs.ts'
export type { Pod } from './resources/pod-spec.ts'
export type { LocalApi, LocalObject } from './rest/local-api.ts'
export type { LocalEvent } from './rest/local-watch.ts'
export { type Status, StatusError } from './status/status.ts'
export type { Kubeconfig } from './tls/kubeconfig.ts'
export type { TlsOptions } from './tls/server-identity.ts'
