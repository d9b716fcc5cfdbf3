/** From what should be and what is to what is done about one object of an installation. Pure. */
import { isDeepStrictEqual } from 'node:util'
import {
  type CustomResourceDefinition,
  errorOf,
  type IsthmusError,
  type KubernetesObject,
  LABEL_MANAGED_BY,
  MANAGER,
  type Namespace,
} from '@isthmus/api'
import { judgeDefinition } from './definition-rules.ts'
import { ERRORS } from './errors.ts'

export type InstallDecision =
  | { kind: 'create'; object: KubernetesObject }
  | { kind: 'update'; object: KubernetesObject }
  | { kind: 'unchanged'; note?: string }
  /** Nothing may be installed while this stands. */
  | { kind: 'refuse'; error: IsthmusError }

type Rule = (wanted: KubernetesObject, found: KubernetesObject) => InstallDecision | undefined

/** The first rule with an opinion decides. */
const RULES: readonly Rule[] = [
  customResourceDefinition,
  namespaceInDeletion,
  whoeverMadeIt,
  madeBySomeoneElse,
  sameFields,
  (wanted, found) => ({ kind: 'update', object: over(found, wanted) }),
]

/** What to do so that an object is as an installation wants it. */
export function decide(wanted: KubernetesObject, found: KubernetesObject | undefined): InstallDecision {
  if (found === undefined) return { kind: 'create', object: wanted }
  for (const rule of RULES) {
    const decision = rule(wanted, found)
    if (decision !== undefined) return decision
  }
  return { kind: 'unchanged' }
}

/** `Role isthmus-exchange/isthmus-reader`. */
export function describe(object: KubernetesObject): string {
  return `${object.kind} ${qualifiedName(object)}`
}

function qualifiedName({ metadata }: KubernetesObject): string {
  return metadata.namespace === undefined ? `${metadata.name}` : `${metadata.namespace}/${metadata.name}`
}

function customResourceDefinition(
  wanted: KubernetesObject,
  found: KubernetesObject,
): InstallDecision | undefined {
  if (wanted.kind !== 'CustomResourceDefinition') return undefined
  const verdict = judgeDefinition(wanted as CustomResourceDefinition, found as CustomResourceDefinition)
  switch (verdict.kind) {
    case 'same':
      return { kind: 'unchanged' }
    case 'older':
      return { kind: 'update', object: over(found, wanted) }
    case 'usable':
      return { kind: 'unchanged', note: verdict.note }
    case 'unusable': {
      const values = { name: `${wanted.metadata.name}`, shortcomings: verdict.shortcomings.join(' and ') }
      return { kind: 'refuse', error: errorOf(ERRORS.definitionUnusable, values) }
    }
  }
}

function namespaceInDeletion(wanted: KubernetesObject, found: KubernetesObject): InstallDecision | undefined {
  if (wanted.kind !== 'Namespace' || (found as Namespace).metadata.deletionTimestamp === undefined)
    return undefined
  return { kind: 'refuse', error: errorOf(ERRORS.namespaceTerminating, { name: `${wanted.metadata.name}` }) }
}

/** A namespace or an account says nothing but that it is there: a user's own serves as well. */
function whoeverMadeIt(wanted: KubernetesObject): InstallDecision | undefined {
  return wanted.kind === 'Namespace' || wanted.kind === 'ServiceAccount' ? { kind: 'unchanged' } : undefined
}

/** Never adopted. A binding to another role counts as someone else's: a roleRef cannot be changed. */
function madeBySomeoneElse(wanted: KubernetesObject, found: KubernetesObject): InstallDecision | undefined {
  const ours = found.metadata.labels?.[LABEL_MANAGED_BY] === MANAGER
  if (ours && isDeepStrictEqual(fields(wanted).roleRef, fields(found).roleRef)) return undefined
  const error = errorOf(ERRORS.objectInTheWay, { kind: wanted.kind, name: qualifiedName(wanted) })
  return { kind: 'refuse', error }
}

function sameFields(wanted: KubernetesObject, found: KubernetesObject): InstallDecision | undefined {
  const { apiVersion: _, kind: __, metadata: ___, ...content } = fields(wanted)
  const { annotations: noted = {} } = found.metadata
  const same =
    Object.entries(content).every(([field, value]) => isDeepStrictEqual(value, fields(found)[field])) &&
    Object.entries(wanted.metadata.annotations ?? {}).every(([key, value]) => noted[key] === value)
  return same ? { kind: 'unchanged' } : undefined
}

/** What was found with what is wanted laid over it: it keeps its resourceVersion and what others added. */
function over(found: KubernetesObject, wanted: KubernetesObject): KubernetesObject {
  const spec = { ...(fields(found).spec as object), ...(fields(wanted).spec as object) }
  return {
    ...found,
    ...wanted,
    ...('spec' in wanted ? { spec } : {}),
    metadata: {
      ...found.metadata,
      labels: { ...found.metadata.labels, ...wanted.metadata.labels },
      ...(wanted.metadata.annotations === undefined
        ? {}
        : { annotations: { ...found.metadata.annotations, ...wanted.metadata.annotations } }),
    },
  }
}

function fields(object: KubernetesObject): Record<string, unknown> {
  return object as unknown as Record<string, unknown>
}
