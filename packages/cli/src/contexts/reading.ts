import type { Reading } from '@isthmus/core'
import { ApiError, ConnectionError, isForbidden, isKindMissing, isNotFound } from '@isthmus/kube'

/** An object that may not be there. */
export function readObject<T>(ask: () => Promise<T>): Promise<Reading<T | undefined>> {
  return read(ask, error => (isNotFound(error) && !isKindMissing(error) ? { value: undefined } : undefined))
}

/** A list: where its kind is not served, it is not known. */
export function readList<T>(ask: () => Promise<T>): Promise<Reading<T>> {
  return read(ask, () => undefined)
}

async function read<T>(
  ask: () => Promise<T>,
  otherwise: (error: unknown) => Reading<T> | undefined,
): Promise<Reading<T>> {
  try {
    return { value: await ask() }
  } catch (error) {
    return otherwise(error) ?? { unread: whyNot(error) }
  }
}

/** Why something could not be read, to stand in a line. */
export function whyNot(error: unknown): string {
  if (error instanceof ConnectionError) return error.words
  if (error instanceof ApiError) {
    const { verb = 'read', resource = 'this' } = error.request ?? {}
    if (error.code === 401) return 'your credentials are not accepted (401)'
    if (isForbidden(error)) return `you may not ${verb} ${resource} there (403)`
    if (isKindMissing(error)) return `${resource} is not served there: Isthmus is not installed (404)`
  }
  return error instanceof Error ? error.message : String(error)
}
