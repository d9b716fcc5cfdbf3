/** Whether a document is of the kind and version that the request is about. */
import type { ResourceDefinition } from '../registry/definition.ts'
import { invalid as invalidField } from '../registry/field-error.ts'
import type { Registry } from '../registry/registry.ts'
import { badRequest, invalid } from '../status/failures.ts'
import { DecodeError } from './decode-built-in.ts'
import { apiVersionOf } from './environment.ts'

/**
 * What a document does not say is taken from the path. Throws a DecodeError for another kind, a StatusError
 * for another version of this one.
 */
export function checkKind(
  registry: Registry,
  definition: ResourceDefinition,
  document: Readonly<Record<string, unknown>>,
): void {
  const expected = apiVersionOf(definition)
  const kind = String(document.kind ?? definition.kind)
  const apiVersion = String(document.apiVersion ?? expected)
  if (kind === definition.kind && apiVersion === expected) return
  if (definition.custom) throw otherCustomKind(definition, kind, apiVersion, document)
  const [group, version] = splitVersion(apiVersion)
  const isKnown = registry.resources(group, version).some(other => other.kind === kind && !other.custom)
  if (!isKnown) {
    throw new DecodeError(
      `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    )
  }
  if (kind === definition.kind) throw otherVersion(apiVersion, expected)
  throw new DecodeError(
    `converting (${version}.${kind}) to (${packageOf(definition.group)}.${definition.kind}): unknown conversion`,
  )
}

function otherCustomKind(
  definition: ResourceDefinition,
  kind: string,
  apiVersion: string,
  { metadata }: Readonly<Record<string, unknown>>,
) {
  const expected = apiVersionOf(definition)
  if (apiVersion !== expected) return otherVersion(apiVersion, expected)
  const { name = '' } = (metadata ?? {}) as { name?: string }
  return invalid(definition.group, definition.kind, name, [
    invalidField('kind', kind, `must be ${definition.kind}`),
  ])
}

const otherVersion = (found: string, expected: string) =>
  badRequest(`the API version in the data (${found}) does not match the expected API version (${expected})`)

/** Group and version of an apiVersion. */
export function splitVersion(apiVersion: string): [group: string, version: string] {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)]
}

/** Go package of a group's internal types. */
const packageOf = (group: string): string => (group === '' ? 'core' : (group.split('.', 1)[0] as string))
