import { ApiError, isNamespaceTerminating } from '@isthmus/kube'

/** Codes with which an API server refuses an object for what it is: schema, size, quota, admission. */
const REFUSALS: readonly number[] = [400, 403, 413, 422]

/** Whether the API server will not have this object as it is: waiting alone does not help. */
export function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && REFUSALS.includes(error.code) && !isNamespaceTerminating(error)
}
