/** What is still in a namespace that is being deleted, in the words of its conditions. */
import type { StoredObject } from '../../registry/definition.ts'

export interface Remaining {
  readonly group: string
  readonly plural: string
  readonly objects: readonly StoredObject[]
}

export interface NamespaceCondition {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly lastTransitionTime: string
  readonly reason: string
  readonly message: string
}

/** `failures` are deletions that were refused. Times stay where the status does. */
export function namespaceConditions(
  remaining: readonly Remaining[],
  failures: readonly string[],
  before: readonly NamespaceCondition[],
  now: string,
): NamespaceCondition[] {
  const contents = contentTexts(remaining)
  const finalizers = finalizerTexts(remaining)
  const stated: Omit<NamespaceCondition, 'lastTransitionTime'>[] = [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    failures.length > 0
      ? {
          type: 'NamespaceDeletionContentFailure',
          status: 'True',
          reason: 'ContentDeletionFailed',
          message: `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(', ')}`,
        }
      : {
          type: 'NamespaceDeletionContentFailure',
          status: 'False',
          reason: 'ContentDeleted',
          message: 'All content successfully deleted, may be waiting on finalization',
        },
    contents.length > 0
      ? {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${contents.join(', ')}`,
        }
      : {
          type: 'NamespaceContentRemaining',
          status: 'False',
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        },
    finalizers.length > 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`,
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        },
  ]
  return stated.map(condition => {
    const known = before.find(({ type }) => type === condition.type)
    const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : now
    const { type, status, reason, message } = condition
    return { type, status, lastTransitionTime, reason, message }
  })
}

function contentTexts(remaining: readonly Remaining[]): string[] {
  return remaining
    .map(({ group, plural, objects }) => `${plural}.${group} has ${objects.length} resource instances`)
    .sort()
}

function finalizerTexts(remaining: readonly Remaining[]): string[] {
  const counts = new Map<string, number>()
  for (const { metadata } of remaining.flatMap(({ objects }) => objects)) {
    for (const finalizer of metadata.finalizers ?? []) counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1)
  }
  return [...counts].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).sort()
}
