/** What a PolicyRule allows, and which rules cover which: pure, as Kubernetes evaluates them. */
import { type Attributes, isResource, type ResourceAttributes } from '../attributes.ts'
import { quotedList } from '../quoted-list.ts'

/** `rbac.authorization.k8s.io/v1` PolicyRule. */
export interface PolicyRule {
  readonly verbs: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

const ALL = '*'

/** Everything, everywhere: the rules of cluster-admin. */
export const EVERYTHING: readonly PolicyRule[] = [
  { verbs: [ALL], apiGroups: [ALL], resources: [ALL] },
  { verbs: [ALL], nonResourceURLs: [ALL] },
]

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes(value) || list.includes(ALL))

/** Whether a rule allows what a request wants. Where the rule holds is for the caller to know. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false
  if (!isResource(attributes)) return allowsPath(rule.nonResourceURLs, attributes.path)
  return (
    has(rule.apiGroups, attributes.group) &&
    allowsResource(rule.resources, attributes) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(attributes.name))
  )
}

function allowsResource(
  resources: readonly string[] = [],
  { resource, subresource }: ResourceAttributes,
): boolean {
  if (subresource === '') return has(resources, resource)
  return has(resources, `${resource}/${subresource}`) || resources.includes(`*/${subresource}`)
}

const allowsPath = (urls: readonly string[] = [], path: string): boolean =>
  urls.some(url => url === path || (url.endsWith(ALL) && path.startsWith(url.replace(/\*+$/, ''))))

/**
 * The rights in `wanted` that `held` does not give, taken apart to one right each. Nobody may hand out
 * what is in this list.
 */
export function missingRights(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(singleRights).filter(right => !held.some(rule => covers(rule, right)))
}

/** A rule as rules of one verb and one group, resource and name (or one path) each. Nothing in it need be valid. */
function singleRights(rule: PolicyRule): PolicyRule[] {
  const { verbs = [] } = rule
  const names = rule.resourceNames?.length ? rule.resourceNames.map(name => [name]) : [undefined]
  const rights: PolicyRule[] = []
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of verbs) {
        for (const name of names) {
          const right = { verbs: [verb], apiGroups: [group], resources: [resource] }
          rights.push(name === undefined ? right : { ...right, resourceNames: name })
        }
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of verbs) rights.push({ verbs: [verb], nonResourceURLs: [url] })
  }
  return rights
}

function covers(rule: PolicyRule, right: PolicyRule): boolean {
  if (!has(rule.verbs, right.verbs[0] as string)) return false
  const path = right.nonResourceURLs?.[0]
  if (path !== undefined) return allowsPath(rule.nonResourceURLs, path)
  const name = right.resourceNames?.[0]
  return (
    has(rule.apiGroups, right.apiGroups?.[0] as string) &&
    coversResource(rule.resources, right.resources?.[0] as string) &&
    (!rule.resourceNames?.length || (name !== undefined && rule.resourceNames.includes(name)))
  )
}

function coversResource(resources: readonly string[] = [], resource: string): boolean {
  const slash = resource.indexOf('/')
  return has(resources, resource) || (slash !== -1 && resources.includes(`*${resource.slice(slash)}`))
}

/** Puts single rights together by what they are rights on, for people to read. */
export function joinVerbs(rights: readonly PolicyRule[]): PolicyRule[] {
  const joined = new Map<string, { verbs: string[] } & PolicyRule>()
  for (const right of rights) {
    const { verbs, ...on } = right
    const target = right.nonResourceURLs ? JSON.stringify(right) : JSON.stringify(on)
    const found = joined.get(target)
    if (found === undefined) joined.set(target, { ...right, verbs: [...verbs] })
    else found.verbs.push(...verbs.filter(verb => !found.verbs.includes(verb)))
  }
  return [...joined.values()]
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`, as kube-apiserver writes a rule in a message. */
export function describeRule(rule: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ]
  return `{${parts.flatMap(([name, list]) => (list?.length ? [`${name}:${quotedList(list)}`] : [])).join(', ')}}`
}
