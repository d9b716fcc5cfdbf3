import { isPlainObject, type PlainObject, setOwn } from '../schema/plain-object.ts'
import { badPatch, goJsonType, patchRejected } from './patch-error.ts'

/** JSON merge patch (RFC 7386): null removes, objects merge, all else replaces. The object is not changed. */
export function mergePatch<T extends object>(object: T, patch: unknown): T {
  if (patch === null) throw patchRejected()
  if (!isPlainObject(patch))
    throw badPatch(
      `error decoding patch: json: cannot unmarshal ${goJsonType(patch)} into Go value of type map[string]interface {}`,
    )
  return merged(object as PlainObject, patch) as T
}

function merged(target: unknown, patch: PlainObject): PlainObject {
  const result: PlainObject = isPlainObject(target) ? { ...target } : {}
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (value === null) delete result[key]
    else
      setOwn(
        result,
        key,
        isPlainObject(value) ? merged(Object.hasOwn(result, key) ? result[key] : undefined, value) : value,
      )
  }
  return result
}
