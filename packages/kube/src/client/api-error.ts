import type { Status } from '@isthmus/api'

/** What was asked for, in the terms of a person who reads the message. */
export interface RequestDescription {
  /** The API's verb: get, list, watch, create, update, patch, delete. */
  verb: string
  /** `services`, `serviceimports.multicluster.x-k8s.io/status`; a path for raw requests. */
  resource: string
  /** Undefined: of all namespaces. */
  namespace?: string | undefined
  name?: string | undefined
  /** The kind is not in namespaces. */
  clusterScoped?: boolean
  server: string
}

/** The API server answered, and refused. */
export class ApiError extends Error {
  /** HTTP status; for an ERROR event of a watch, the code of its Status. */
  readonly code: number
  /** `NotFound`, `Conflict`, …: the machine-readable reason, empty if the server gave none. */
  readonly reason: string
  readonly status?: Status
  /** How long the server asks us to stay away. */
  readonly retryAfterMs?: number
  readonly request?: RequestDescription

  constructor(
    code: number,
    message: string,
    details: {
      status?: Status | undefined
      retryAfterMs?: number | undefined
      request?: RequestDescription
    } = {},
  ) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.reason = details.status?.reason ?? ''
    if (details.status !== undefined) this.status = details.status
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs
    if (details.request !== undefined) this.request = details.request
  }
}

/** Code and reason agree in Kubernetes' own errors; a proxy in between gives only the code. */
const refusedWith = (code: number, reason: string) => (error: unknown) =>
  error instanceof ApiError && error.code === code && (error.reason === reason || error.reason === '')

export const isNotFound = refusedWith(404, 'NotFound')
export const isForbidden = refusedWith(403, 'Forbidden')
export const isUnauthorized = refusedWith(401, 'Unauthorized')
export const isInvalid = refusedWith(422, 'Invalid')
export const isTooManyRequests = refusedWith(429, 'TooManyRequests')
/** The object changed since it was read. */
export const isConflict = refusedWith(409, 'Conflict')
/** Create found the name taken. */
export const isAlreadyExists = (error: unknown) =>
  error instanceof ApiError && error.code === 409 && error.reason === 'AlreadyExists'
/** 410: the version asked for is no longer kept (Expired), or the continue token is too old. */
export const isGone = (error: unknown) => error instanceof ApiError && error.code === 410
/** The kind itself is not served: its CustomResourceDefinition is not installed, or its version not served. */
export const isKindMissing = (error: unknown) =>
  error instanceof ApiError && error.code === 404 && error.status?.details?.name === undefined
/** Nothing can be created there any more (a 403 Forbidden with a cause). */
export const isNamespaceTerminating = (error: unknown) =>
  error instanceof ApiError &&
  error.code === 403 &&
  (error.status?.details?.causes?.some(cause => cause.reason === 'NamespaceTerminating') ?? false)
