/** `metadata` on its way in: what the server sets, what stays, and what is refused. */
import type { NameFormat, ResourceDefinition, StoredMeta, StoredObject } from '../registry/definition.ts'
import { type FieldError, forbidden, invalid, required } from '../registry/field-error.ts'
import {
  label1123Errors,
  labelKeyErrors,
  labelValueErrors,
  pathSegmentErrors,
  subdomainErrors,
} from '../registry/names.ts'

const NAME_ERRORS: Readonly<Record<NameFormat, (name: string) => string[]>> = {
  subdomain: subdomainErrors,
  label: label1123Errors,
  path: pathSegmentErrors,
}

const ANNOTATIONS_LIMIT = 256 * 1024
const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const RANDOM_LENGTH = 5
const LONGEST_BASE = 63 - RANDOM_LENGTH

/** A name from `generateName`: five characters are appended, as kube-apiserver does. */
export function generatedName(base: string): string {
  let suffix = ''
  for (let i = 0; i < RANDOM_LENGTH; i++) suffix += ALPHABET[Math.floor(Math.random() * ALPHABET.length)]
  return base.slice(0, LONGEST_BASE) + suffix
}

/** Of a new object. */
export function validateMetadata(definition: ResourceDefinition, object: StoredObject): FieldError[] {
  const { metadata } = object
  const errors: FieldError[] = []
  const nameErrors = NAME_ERRORS[definition.nameFormat ?? 'subdomain']
  if (metadata.generateName) {
    // The random end follows: what it needs is not the base's fault.
    const base = metadata.generateName.replace(/-$/, 'a')
    errors.push(...nameErrors(base).map(e => invalid('metadata.generateName', metadata.generateName, e)))
  }
  if (metadata.name === '') errors.push(required('metadata.name', 'name or generateName is required'))
  else errors.push(...nameErrors(metadata.name).map(e => invalid('metadata.name', metadata.name, e)))
  if (metadata.generation !== undefined && metadata.generation < 0) {
    errors.push(invalid('metadata.generation', metadata.generation, 'must be greater than or equal to 0'))
  }
  return [...errors, ...validateMetadataContents(metadata)]
}

/** Of a change: what may not change is checked too. */
export function validateMetadataUpdate(next: StoredObject, old: StoredObject): FieldError[] {
  const errors = validateMetadataContents(next.metadata)
  if (old.metadata.deletionTimestamp !== undefined) {
    const added = (next.metadata.finalizers ?? []).filter(f => !old.metadata.finalizers?.includes(f))
    if (added.length > 0) {
      const list = `[]string{${added.map(f => JSON.stringify(f)).join(', ')}}`
      const error = forbidden(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`,
      )
      errors.push(error, error)
    }
  }
  return errors
}

function validateMetadataContents(metadata: StoredMeta): FieldError[] {
  return [
    ...labelErrors(metadata.labels, 'metadata.labels'),
    ...annotationErrors(metadata.annotations),
    ...ownerErrors(metadata),
    ...finalizerErrors(metadata.finalizers),
  ]
}

/** Labels anywhere, such as `spec.template.metadata.labels`. */
export function labelErrors(
  labels: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...labelKeyErrors(key).map(e => invalid(field, key, e)),
    ...labelValueErrors(value).map(e => invalid(field, value, e)),
  ])
}

function annotationErrors(annotations: StoredMeta['annotations']): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.push(...labelKeyErrors(key.toLowerCase()).map(e => invalid('metadata.annotations', key, e)))
    size += key.length + Buffer.byteLength(value)
  }
  if (size > ANNOTATIONS_LIMIT) {
    const message = `Too long: may not be more than ${ANNOTATIONS_LIMIT} bytes`
    errors.push({ reason: 'FieldValueTooLong', field: 'metadata.annotations', message })
  }
  return errors
}

function ownerErrors({ ownerReferences = [] }: StoredMeta): FieldError[] {
  const field = 'metadata.ownerReferences'
  const errors: FieldError[] = []
  for (const owner of ownerReferences) {
    const [, version] = owner.apiVersion?.includes('/') ? owner.apiVersion.split('/') : ['', owner.apiVersion]
    if (!version)
      errors.push(invalid(`${field}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'))
    for (const part of ['kind', 'name', 'uid'] as const) {
      if (!owner[part]) errors.push(invalid(`${field}.${part}`, owner[part] ?? '', 'must not be empty'))
    }
  }
  const controllers = ownerReferences.filter(owner => owner.controller)
  if (controllers.length > 1) {
    const [first, second] = controllers.map(owner => `${owner.kind}/${owner.name}`)
    errors.push(
      invalid(
        field,
        ownerReferences,
        `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`,
      ),
    )
  }
  return errors
}

function finalizerErrors(finalizers: readonly string[] = []): FieldError[] {
  const errors = finalizers.flatMap((finalizer, i) => {
    const field = `metadata.finalizers[${i}]`
    const bad = labelKeyErrors(finalizer).map(e => invalid(field, finalizer, e))
    if (bad.length > 0 || finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)) return bad
    return [invalid(field, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')]
  })
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    const both = 'finalizer orphan and foregroundDeletion cannot be both set'
    errors.push(invalid('metadata.finalizers', finalizers, both))
  }
  return errors
}
