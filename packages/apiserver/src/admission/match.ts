/** Which writes a policy, or a binding, is about. */
import type { StoredObject } from '../registry/definition.ts'
import type { Registry } from '../registry/registry.ts'
import { matchesLabelSelector } from '../selectors/label-selector.ts'
import type { AdmissionAttributes } from './attributes.ts'
import type { MatchResources, ResourceRule } from './policy.ts'

export interface MatchContext {
  readonly attributes: AdmissionAttributes
  /** Of the object; undefined for cluster-scoped ones. */
  readonly namespaceObject: StoredObject | undefined
  readonly registry: Registry
}

type Rule = (match: MatchResources, context: MatchContext) => boolean

/** All have to hold. Without rules of its own a binding takes what its policy is about. */
const RULES: readonly Rule[] = [
  ({ namespaceSelector }, context) =>
    namespaceSelector === undefined || selectsNamespace(namespaceSelector, context),
  ({ objectSelector }, { attributes: { object, oldObject } }) =>
    objectSelector === undefined ||
    [object, oldObject].some(
      candidate => candidate !== undefined && matchesLabelSelector(objectSelector, candidate.metadata.labels),
    ),
  ({ excludeResourceRules = [], matchPolicy }, context) =>
    !excludeResourceRules.some(rule => isAbout(rule, matchPolicy, context)),
  ({ resourceRules = [], matchPolicy }, context) =>
    resourceRules.length === 0 || resourceRules.some(rule => isAbout(rule, matchPolicy, context)),
]

export function matchesWrite(match: MatchResources | undefined, context: MatchContext): boolean {
  return match === undefined || RULES.every(rule => rule(match, context))
}

/** A Namespace is selected by its own labels; what is in none is always selected. */
function selectsNamespace(
  selector: NonNullable<MatchResources['namespaceSelector']>,
  { attributes: { definition, object, oldObject }, namespaceObject }: MatchContext,
): boolean {
  if (definition.group === '' && definition.plural === 'namespaces')
    return matchesLabelSelector(selector, (object ?? oldObject)?.metadata.labels)
  if (!definition.namespaced) return true
  return matchesLabelSelector(selector, namespaceObject?.metadata.labels)
}

function isAbout(
  {
    apiGroups = [],
    apiVersions = [],
    operations = [],
    resources = [],
    resourceNames = [],
    scope = '*',
  }: ResourceRule,
  matchPolicy: MatchResources['matchPolicy'],
  { attributes: { definition, operation, subresource, name }, registry }: MatchContext,
): boolean {
  const { group, version, plural, namespaced } = definition
  const isVersion = (candidate: string) =>
    candidate === '*' ||
    candidate === version ||
    (matchPolicy !== 'Exact' && registry.lookup(group, candidate, plural) !== undefined)
  return (
    (scope === '*' || (scope === 'Namespaced') === namespaced) &&
    (operations.includes('*') || operations.includes(operation)) &&
    (apiGroups.includes('*') || apiGroups.includes(group)) &&
    apiVersions.some(isVersion) &&
    resources.some(resource => isResource(resource, plural, subresource)) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  )
}

/** All subresources, all resources or both may be a star; without a subresource only the object itself is meant. */
function isResource(pattern: string, plural: string, subresource: string): boolean {
  if (pattern === '*/*') return true
  const [resource = '', part = ''] = pattern.split('/')
  return (resource === '*' || resource === plural) && (part === subresource || part === '*')
}
