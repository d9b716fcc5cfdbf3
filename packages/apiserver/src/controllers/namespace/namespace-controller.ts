import { isDeepStrictEqual } from 'node:util'
import type { StoredObject } from '../../registry/definition.ts'
import { formatTime } from '../../rest/scalars.ts'
import { StatusError } from '../../status/status.ts'
import { type Controller, type ControllerContext, itself } from '../controller.ts'
import { type EveryResource, storedResources } from '../every-resource.ts'
import { PODS } from '../pod.ts'
import { type NamespaceCondition, namespaceConditions, type Remaining } from './remaining-contents.ts'

export const NAMESPACES = { group: '', plural: 'namespaces' } as const
const FINALIZER = 'kubernetes'
/** Deletions that were refused are tried again after so long. */
const RETRY_MS = 1000

interface Namespace extends StoredObject {
  spec: { finalizers?: string[] }
  status: { phase?: string; conditions?: NamespaceCondition[] }
}

/** Empties namespaces that are being deleted, says what is left, and lets them go when nothing is. */
export function namespaceController(
  { api, registry, now }: ControllerContext,
  everything: EveryResource,
): Controller {
  const emptying = new Set<string>()
  return {
    name: 'namespace',
    watches: [{ resource: NAMESPACES, keysOf: itself }],
    subscribe: add =>
      everything.subscribe((_, { object: { metadata } }) => {
        if (metadata.namespace && emptying.has(metadata.namespace)) add(metadata.namespace)
      }),

    reconcile(name) {
      const namespace = api.get(NAMESPACES, undefined, name) as Namespace | undefined
      emptying.delete(name)
      if (namespace?.metadata.deletionTimestamp === undefined) return undefined
      if (!namespace.spec.finalizers?.includes(FINALIZER)) return undefined
      emptying.add(name)
      const failures = empty(name)
      const remaining = contents(name)
      const current = state(namespace, remaining, failures)
      if (remaining.length > 0) return failures.length > 0 ? RETRY_MS : undefined
      const finalizers = current.spec.finalizers?.filter(finalizer => finalizer !== FINALIZER) ?? []
      api.update(NAMESPACES, { ...current, spec: { finalizers } }, 'finalize')
      return undefined
    },
  }

  /** Deletes everything that is not on its way out yet: pods first, for what they use to be there until they end. */
  function empty(name: string): string[] {
    const failures: string[] = []
    const pods = contents(name).filter(({ plural, group }) => plural === PODS.plural && group === PODS.group)
    for (const { group, plural, objects } of pods.length > 0 ? pods : contents(name)) {
      for (const { metadata } of objects) {
        if (metadata.deletionTimestamp !== undefined) continue
        try {
          const { uid } = metadata
          api.delete({ group, plural }, name, metadata.name, {
            propagationPolicy: 'Background',
            preconditions: { uid },
          })
        } catch (error) {
          if (!(error instanceof StatusError) || error.code !== 404) failures.push(String(error))
        }
      }
    }
    return failures
  }

  function contents(name: string): Remaining[] {
    return storedResources(registry, ({ namespaced }) => namespaced)
      .map(key => ({ ...key, objects: api.list(key, name) }))
      .filter(({ objects }) => objects.length > 0)
  }

  /** The namespace with its conditions, written if they say anything new. */
  function state(
    namespace: Namespace,
    remaining: readonly Remaining[],
    failures: readonly string[],
  ): Namespace {
    const before = namespace.status.conditions ?? []
    const conditions = namespaceConditions(remaining, failures, before, formatTime(now()))
    // A namespace that empties at once goes without a word.
    if (isDeepStrictEqual(conditions, before) || (remaining.length === 0 && before.length === 0))
      return namespace
    const status = { ...namespace.status, conditions }
    return api.updateStatus(NAMESPACES, { ...namespace, status }) as Namespace
  }
}
