/** The `scale` subresource: `Scale` of autoscaling/v1 as a view of a workload. */
import type { Column, ResourceDefinition, ScalePaths, StoredObject } from '../registry/definition.ts'
import { invalid as invalidField } from '../registry/field-error.ts'
import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import type { LabelSelector } from '../selectors/label-selector.ts'
import { invalid } from '../status/failures.ts'
import { cloneJson } from './json.ts'

const INTEGER = { type: 'integer' } as const

/** What the Table of a Scale shows, whatever it scales. */
export const SCALE_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column(
    'Desired',
    'replicas is the desired number of instances for the scaled object.',
    ({ spec }) => (spec as { replicas?: number }).replicas ?? 0,
    INTEGER,
  ),
  column(
    'Available',
    'replicas is the actual number of observed instances of the scaled object.',
    ({ status }) => (status as { replicas?: number }).replicas ?? 0,
    INTEGER,
  ),
  AGE_COLUMN,
]

/** The Scale that an object's paths show. */
export function scaleOf(paths: ScalePaths, object: StoredObject): StoredObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector = paths.labelSelectorPath === undefined ? undefined : read(object, paths.labelSelectorPath)
  const selectorText = typeof selector === 'string' ? selector : formatSelector(selector as LabelSelector)
  const replicas = read(object, paths.specReplicasPath)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
    spec: replicas ? { replicas } : {},
    status: {
      replicas: (read(object, paths.statusReplicasPath) as number | undefined) ?? 0,
      ...(selectorText ? { selector: selectorText } : {}),
    },
  }
}

/** The object with the replicas (and the preconditions) of a Scale. Throws a 422 StatusError. */
export function withScale(
  definition: ResourceDefinition,
  object: StoredObject,
  scale: StoredObject,
): StoredObject {
  const { replicas = 0 } = (scale.spec ?? {}) as { replicas?: number }
  if (!Number.isInteger(replicas) || replicas < 0) {
    const error = invalidField('spec.replicas', replicas, 'must be greater than or equal to 0')
    throw invalid('autoscaling', 'Scale', object.metadata.name, [error])
  }
  const next = cloneJson(object)
  const { uid, resourceVersion } = scale.metadata
  next.metadata = { ...next.metadata, uid: uid ?? '', resourceVersion: resourceVersion ?? '' }
  const path = segments((definition.scale as ScalePaths).specReplicasPath)
  let parent = next as Record<string, unknown>
  for (const field of path.slice(0, -1)) {
    parent[field] ??= {}
    parent = parent[field] as Record<string, unknown>
  }
  parent[path.at(-1) as string] = replicas
  return next
}

/** Paths of a CustomResourceDefinition begin with a dot. */
const segments = (path: string): string[] => path.split('.').filter(segment => segment !== '')

function read(object: StoredObject, path: string): unknown {
  return segments(path).reduce<unknown>(
    (at, field) => (at as Record<string, unknown> | undefined)?.[field],
    object,
  )
}

/** A LabelSelector as text: `a=b,c in (d,e)`. */
export function formatSelector(selector: LabelSelector | undefined): string {
  const equal = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator.toLowerCase()} (${[...values].sort().join(',')})`
  })
  return [...equal, ...expressions].sort().join(',')
}
