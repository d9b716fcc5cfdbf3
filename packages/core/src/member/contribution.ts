import type { ExportedEndpoints, ExportedEndpointsSpec, ExportedService, ExportIndex } from '@isthmus/api'
import { checkChunk } from '../check/check-chunk.ts'
import { checkRecord, type Refusal } from '../check/check-record.ts'
import type { MemberExport } from '../merge/exports.ts'
import { recordName, splitServiceKey } from '../naming/names.ts'

/** What the caches of a link hold, read from one member's exchange. */
export interface ExchangeView {
  readonly clusterId: string
  readonly index: ExportIndex | undefined
  /** The highest sequence ever seen of this member, also before a restart of ours. */
  readonly highestSequence: number
  record(name: string): ExportedService | undefined
  chunk(name: string): ExportedEndpoints | undefined
  /** What this member contributed to the service when it was last known, in this process. */
  remembered(key: string): MemberExport | undefined
}

/**
 * What one member contributes to one service. Only an index says that something is gone: everything else
 * that is missing is `unknown`, and what is unknown stays as it is (silence is never a deletion).
 */
export type Contribution =
  | { readonly kind: 'present'; readonly export: MemberExport; readonly refusals: readonly Refusal[] }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'unknown'
      readonly why: string
      readonly remembered: MemberExport | undefined
      readonly refusals: readonly Refusal[]
    }

/** What the CRD of an index takes as well; a member's own CRD may take more. */
export const MAX_SERVICES = 10_000

/** Why nothing is known of a member that has not been heard of. */
export const INDEX_UNREAD = 'its ExportIndex has not been read'

/** Whether an index may be acted on, and if not, why. One that is held withdraws nothing, and adds nothing. */
export function objectionToIndex(
  view: Pick<ExchangeView, 'clusterId' | 'index' | 'highestSequence'>,
): string | undefined {
  const { index, highestSequence, clusterId } = view
  if (index === undefined) return INDEX_UNREAD
  if (!Number.isSafeInteger(index.spec?.sequence) || !Array.isArray(index.spec.services))
    return 'its ExportIndex is malformed'
  if (index.spec.services.length > MAX_SERVICES)
    return `its ExportIndex names ${index.spec.services.length} services, more than ${MAX_SERVICES}`
  if (index.spec.clusterId !== clusterId) {
    return `it calls itself ${JSON.stringify(index.spec.clusterId)?.slice(0, 70)}, not ${clusterId}: two members with one id, or a peer given under the wrong one`
  }
  if (index.spec.sequence < highestSequence) {
    return `its ExportIndex went back from sequence ${highestSequence} to ${index.spec.sequence} (a restored store?): held until a higher one comes`
  }
  return undefined
}

/** The highest sequence seen of a member whose index is held as it is lower; undefined where it is not. */
export function heldSequence(
  view: Pick<ExchangeView, 'clusterId' | 'index' | 'highestSequence'>,
): number | undefined {
  const { index, highestSequence, clusterId } = view
  const isLower =
    Number.isSafeInteger(index?.spec?.sequence) && Number(index?.spec.sequence) < highestSequence
  return isLower && index?.spec.clusterId === clusterId ? highestSequence : undefined
}

/** `services` of the index as a set, made once per index by the caller: an index may name thousands. */
export function contributionOf(key: string, view: ExchangeView, services: ReadonlySet<string>): Contribution {
  const unknown = (why: string, refusals: readonly Refusal[] = []): Contribution => ({
    kind: 'unknown',
    why,
    remembered: view.remembered(key),
    refusals,
  })
  const objection = objectionToIndex(view)
  if (objection !== undefined) return unknown(objection)
  if (!services.has(key)) return { kind: 'absent' }
  const parts = splitServiceKey(key)
  if (parts === undefined) return { kind: 'absent' }
  const name = recordName(parts.namespace, parts.name)
  const record = view.record(name)
  if (record === undefined)
    return unknown(`its index names the service, but ExportedService ${name} is not there`)
  if (record.spec?.service?.namespace !== parts.namespace || record.spec.service.name !== parts.name) {
    return unknown(`ExportedService ${name} speaks of another service`, [
      { rule: 'service', message: 'spec.service is not what the name says' },
    ])
  }
  const { value: spec, refusals } = checkRecord(record.spec)
  if (spec === undefined)
    return unknown(`ExportedService ${name} is refused: ${refusals[0]?.message}`, refusals)
  const chunks = chunksOf(spec.chunks, name, view, view.remembered(key))
  return {
    kind: 'present',
    export: { clusterId: view.clusterId, spec, chunks: chunks.chunks },
    refusals: [...refusals, ...chunks.refusals],
  }
}

/** A chunk that is named but not there, or refused, stays what it was; undefined where it never was anything. */
function chunksOf(
  names: readonly string[],
  record: string,
  view: ExchangeView,
  remembered: MemberExport | undefined,
): { chunks: Map<string, ExportedEndpointsSpec | undefined>; refusals: Refusal[] } {
  const chunks = new Map<string, ExportedEndpointsSpec | undefined>()
  const refusals: Refusal[] = []
  for (const name of names) {
    // A record may only name chunks of its own: else one chunk could be made to count for many services.
    if (!name.startsWith(`${record}.`)) {
      refusals.push({ rule: 'chunks', message: 'a chunk of another service is named' })
      continue
    }
    const stored = view.chunk(name)
    const checked = stored === undefined ? undefined : checkChunk(stored.spec)
    if (checked !== undefined) refusals.push(...checked.refusals)
    chunks.set(name, checked?.value ?? remembered?.chunks.get(name))
  }
  return { chunks, refusals }
}
