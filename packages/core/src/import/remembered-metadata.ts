/** What a ServiceImport itself remembers of the exports, for an agent that starts while members are silent. */
import type { ServiceImport } from '@isthmus/api'

/** Annotations that remember which labels and annotations of a ServiceImport were exported ones. */
export const ANNOTATION_EXPORTED_LABELS = 'isthmus.dev/exported-labels'
export const ANNOTATION_EXPORTED_ANNOTATIONS = 'isthmus.dev/exported-annotations'

/** On a ServiceImport: the members that export the service, but may contribute nothing here. */
export const ANNOTATION_REFUSED_CLUSTERS = 'isthmus.dev/refused-clusters'

/** In order of their names. */
export function refusedClustersOf(serviceImport: ServiceImport | undefined): readonly string[] {
  const names = serviceImport?.metadata.annotations?.[ANNOTATION_REFUSED_CLUSTERS]
  return names === undefined ? [] : names.split(',')
}

/** The exported part of a ServiceImport's metadata; the rest is the agent's own, or somebody else's. */
export function exportedMetadata({ metadata }: ServiceImport): {
  labels: Record<string, string>
  annotations: Record<string, string>
} {
  const pick = (from: Record<string, string> | undefined, names: string | undefined) => {
    const picked: Record<string, string> = {}
    for (const name of (names ?? '').split(',')) {
      const value = from?.[name]
      if (value !== undefined) picked[name] = value
    }
    return picked
  }
  return {
    labels: pick(metadata.labels, metadata.annotations?.[ANNOTATION_EXPORTED_LABELS]),
    annotations: pick(metadata.annotations, metadata.annotations?.[ANNOTATION_EXPORTED_ANNOTATIONS]),
  }
}
