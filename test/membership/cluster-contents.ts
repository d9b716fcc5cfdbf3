/** All that an API server has, to compare before and after. */
import type { ApiServer } from '@isthmus/apiserver'

/** Tells history, or changes by itself. */
const IGNORED = new Set(['events', 'leases'])

/** By `plural namespace/name`: what the object says, without what the server counts. */
export function contentsOf({ storage }: ApiServer): Record<string, unknown> {
  const contents: Record<string, unknown> = {}
  for (const { key, objects } of storage.contents().resources) {
    if (IGNORED.has(key.plural)) continue
    for (const { metadata: whole, ...object } of objects) {
      const { resourceVersion: _, managedFields: __, generation: ___, ...metadata } = whole
      contents[`${key.plural} ${metadata.namespace ?? ''}/${metadata.name}`] = { ...object, metadata }
    }
  }
  return contents
}

/** The same, without what differs from one run to the next: UIDs, times, tokens. */
export function stateOf(server: ApiServer): Record<string, unknown> {
  const withoutTimes = (key: string, value: unknown): unknown => {
    if (
      [
        'uid',
        'creationTimestamp',
        'managedFields',
        'lastTransitionTime',
        'lastObservedTime',
        'value',
      ].includes(key)
    )
      return typeof value === 'string' || key === 'managedFields' ? undefined : value
    // The records in Secrets and ConfigMaps have tokens and times in them.
    return key === 'data' || key === 'annotations' ? Object.keys(value as object).map(maskUID) : value
  }
  const entries = Object.entries(contentsOf(server)).filter(([key]) => !key.startsWith('namespaces /kube-'))
  return JSON.parse(JSON.stringify(Object.fromEntries(entries), withoutTimes)) as Record<string, unknown>
}

function maskUID(text: string): string {
  return text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '<uid>')
}
