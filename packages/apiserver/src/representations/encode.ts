/** JSON of stored objects: made once per object, however many lists and watches send it. */
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import { apiVersionOf } from '../rest/environment.ts'

const encodings = new WeakMap<StoredObject, string>()

/** The JSON of an object that will not change any more. */
export function encoded(object: StoredObject): string {
  const known = encodings.get(object)
  if (known !== undefined) return known
  const text = JSON.stringify(object)
  encodings.set(object, text)
  return text
}

/** The JSON of an object as an item of a list: built-in kinds leave kind and apiVersion to the list. */
export function encodedItem(definition: ResourceDefinition, object: StoredObject): string {
  const text = encoded(object)
  if (definition.custom) return text
  const head = `{"kind":"${definition.kind}","apiVersion":"${apiVersionOf(definition)}",`
  if (text.startsWith(head)) return `{${text.slice(head.length)}`
  const { kind: _, apiVersion: __, ...rest } = object
  return JSON.stringify(rest)
}
