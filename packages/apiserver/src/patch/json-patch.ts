/**
 * JSON patch (RFC 6902) as kube-apiserver applies it: `replace` of a missing key adds it, negative
 * indexes count from the end, `test` of a missing key against null holds.
 */
import { applyPatch, type Operation, Pointer } from 'rfc6902'
import { isPlainObject, type PlainObject } from '../schema/plain-object.ts'
import { badPatch, goJsonType, patchRejected, patchTooLarge } from './patch-error.ts'

const MAX_OPERATIONS = 10_000

/** The object with the operations applied, in order, all or none. The object given is not changed. */
export function jsonPatch<T extends object>(object: T, patch: unknown): T {
  if (!Array.isArray(patch))
    throw badPatch(
      `error decoding patch: json: cannot unmarshal ${goJsonType(patch)} into Go value of type []handlers.jsonPatchOp`,
    )
  if (patch.length > MAX_OPERATIONS)
    throw patchTooLarge(
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    )
  const document = structuredClone(object)
  for (const operation of patch) {
    const resolved = resolve(document, operation)
    if (resolved && applyPatch(document, [resolved]).some(error => error !== null)) throw patchRejected()
  }
  return document
}

/** What the library is to do for an operation: existence checked by own keys alone, indexes made plain. */
function resolve(document: object, operation: unknown): Operation | undefined {
  if (!isPlainObject(operation) || typeof operation.path !== 'string') throw patchRejected()
  const { op, value = null } = operation
  const target = locate(document, operation.path)
  const { path } = target
  switch (op) {
    case 'add':
      return { op, path, value }
    case 'replace':
      if (!target.exists && target.inList) throw patchRejected()
      return { op: target.exists ? 'replace' : 'add', path, value }
    case 'remove':
      if (!target.exists) throw patchRejected()
      return { op, path }
    case 'test':
      if (!target.exists && value === null) return undefined
      if (!target.exists) throw patchRejected()
      return { op, path, value }
    case 'copy':
    case 'move': {
      const from = typeof operation.from === 'string' ? locate(document, operation.from) : undefined
      if (!from?.exists) throw patchRejected()
      return { op, from: from.path, path }
    }
    default:
      throw patchRejected()
  }
}

interface Location {
  readonly path: string
  readonly exists: boolean
  readonly inList: boolean
}

function locate(document: object, path: string): Location {
  if (!path.startsWith('/')) throw patchRejected()
  const tokens = Pointer.fromJSON(path).tokens.slice(1)
  let at: unknown = document
  for (const [depth, token] of tokens.entries()) {
    const isLast = depth === tokens.length - 1
    if (Array.isArray(at)) {
      const index = token === '-' ? at.length : indexOf(token, at.length)
      if (token !== '-') tokens[depth] = String(index)
      if (index > at.length || (index === at.length && !isLast)) throw patchRejected()
      if (isLast) return { path: pointer(tokens), exists: index < at.length, inList: true }
      at = at[index]
    } else if (isPlainObject(at)) {
      // Walking into these is what the library refuses silently.
      if (token === '__proto__' || token === 'constructor' || token === 'prototype') throw patchRejected()
      const exists = Object.hasOwn(at, token)
      if (isLast) return { path: pointer(tokens), exists, inList: false }
      at = exists ? (at as PlainObject)[token] : undefined
    } else throw patchRejected()
  }
  throw patchRejected()
}

function indexOf(token: string, length: number): number {
  if (!/^-?(0|[1-9]\d*)$/.test(token)) throw patchRejected()
  const index = Number(token)
  if (index < -length) throw patchRejected()
  return index < 0 ? index + length : index
}

const pointer = (tokens: readonly string[]): string => new Pointer(['', ...tokens]).toString()
