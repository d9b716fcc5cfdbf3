import type { StoredObject } from '../registry/definition.ts'

const encodings = new WeakMap<StoredObject, string>()

/** `PartialObjectMetadata` of meta.k8s.io: an object's metadata alone, as JSON. */
export function encodedPartial(object: StoredObject, version = 'v1'): string {
  const metadata = encodings.get(object) ?? JSON.stringify(object.metadata)
  encodings.set(object, metadata)
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":${metadata}}`
}
