export { ApiServer, type ApiServerOptions, type ListenOptions } from './api-server.ts'
export type { Security } from './http/server.ts'
export type {
  ResourceDefinition,
  ResourceKey,
  StoredMeta,
  StoredObject,
  UserInfo,
} from './registry/definition.ts'
export type { LocalApi, LocalObject } from './rest/local-api.ts'
export type { LocalEvent } from './rest/local-watch.ts'
export { type Status, StatusError } from './status/status.ts'
