export type { BackoffOptions } from './backoff.ts'
export * from './client/api-error.ts'
export * from './client/cluster-client.ts'
export { type ConnectOptions, connect } from './client/connect.ts'
export { ConnectionError, type ConnectionFailure } from './client/connection-error.ts'
export { objectKey, parseKey, resourceName } from './client/resource-path.ts'
export { type Clock, systemClock } from './clock.ts'
export { Controller, type ControllerOptions } from './controller/controller.ts'
export { LeaderLease, type LeaderLeaseOptions } from './controller/leader-lease.ts'
export { done, type Outcome, requeueAfter, retry } from './controller/outcome.ts'
export { type AddOptions, WorkQueue, type WorkQueueOptions } from './controller/work-queue.ts'
export { type ContextNames, listContexts } from './credentials/contexts.ts'
export {
  type Access,
  type Credentials,
  type StaticCredentialsOptions,
  staticCredentials,
  type TlsAccess,
} from './credentials/credentials.ts'
export { inClusterCredentials } from './credentials/in-cluster.ts'
export { type LoadCredentialsOptions, loadCredentials } from './credentials/load-credentials.ts'
export { ERRORS } from './errors.ts'
export { type ErrorContext, explainError } from './explain-error.ts'
export { IntakeLimitError, type IntakeLimits } from './reflector/intake.ts'
export { Reflector, type ReflectorOptions, type ReflectorState } from './reflector/reflector.ts'
export { type IndexFunction, Store, type StoreListener } from './reflector/store.ts'
export { type Rate, TokenBucket } from './token-bucket.ts'
