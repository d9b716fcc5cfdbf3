/** Why a service can, or cannot, be called from each cluster: the whole way, step by step. Pure. */
import { serviceKey } from '../naming/names.ts'
import { agentStep } from './agent-step.ts'
import { EXPORT_STEPS } from './export-steps.ts'
import { type ClusterReading, type Facts, isRead, readValue } from './facts.ts'
import {
  derivedServiceStep,
  namespaceStep,
  namesStep,
  serviceImportStep,
  slicesStep,
} from './import-steps.ts'
import { type Importer, importerOf, type Pair } from './importer.ts'
import { LINK_STEPS, peersKnown } from './link-steps.ts'
import { memberFindings } from './member-steps.ts'
import { connectStep, dnsStep, domainName } from './name-steps.ts'
import { type Exporter, triesToExport, usable } from './service-facts.ts'
import type { Step, StepName, Verdict } from './verdict.ts'

/** One step of the way, as it was found. The shape of `-o json`. */
export type Finding = Verdict & {
  readonly step: StepName
  /** The member's id; absent for a context of which not even that is known. */
  readonly cluster?: string
  readonly context: string
  /** The other member, where the step is about two. */
  readonly peer?: string
}

export interface Section {
  readonly role: 'contexts' | 'export' | 'import'
  readonly cluster?: string
  readonly context?: string
  readonly findings: readonly Finding[]
}

export interface Explanation {
  readonly service: { readonly namespace: string; readonly name: string }
  readonly domainName: string
  /** Nothing is broken. What is unknown may be. */
  readonly works: boolean
  /** The first step of the way that is broken, and the way out. */
  readonly firstBroken: Finding | null
  readonly sections: readonly Section[]
}

/** `from`: the cluster id that the service is called from; unset: every one. */
export function explain(facts: Facts, from?: string): Explanation {
  const { namespace, name } = facts
  const sets = Map.groupBy(facts.clusters, ({ clusterset }) => clusterset)
  const caller = facts.clusters.find(({ clusterId }) => clusterId === from)
  const chosen = caller === undefined ? [...sets.values()] : [sets.get(caller.clusterset) ?? []]
  const contexts = memberFindings(facts)
  const sections: Section[] = [
    ...(contexts.length > 0 ? [{ role: 'contexts' as const, findings: contexts }] : []),
    ...chosen.flatMap(members => exportSections(namespace, name, members)),
    ...chosen.flatMap(members => importSections(namespace, name, members, from)),
  ]
  const all = sections.flatMap(({ findings }) => findings)
  const firstBroken = all.find(({ state }) => state === 'broken') ?? null
  return {
    service: { namespace, name },
    domainName: domainName(namespace, name),
    works: firstBroken === null,
    firstBroken,
    sections,
  }
}

/** Those that export the service, and those that have a Service of the name; where there are none of these, all. */
function exportSections(namespace: string, name: string, members: readonly ClusterReading[]): Section[] {
  const exporters = members.filter(member => triesToExport(member, namespace, name))
  const holders = members.filter(member => usable(readValue(member.service)) !== undefined)
  const looked = new Set([...exporters, ...holders])
  const shown = looked.size > 0 ? members.filter(member => looked.has(member)) : members
  return shown.map(cluster => {
    const exporter: Exporter = {
      namespace,
      name,
      cluster,
      others: exporters.filter(one => one !== cluster),
      isNowhere: looked.size === 0,
      unasked: unaskedOf(members),
    }
    return section('export', cluster, judged(EXPORT_STEPS, exporter, cluster))
  })
}

/** Sorted. */
function unaskedOf(members: readonly ClusterReading[]): readonly string[] {
  const asked = new Set(members.map(({ clusterId }) => clusterId))
  const unread = members.filter(({ service }) => !isRead(service)).map(({ clusterId }) => clusterId)
  const strangers = members.flatMap(peersKnown).filter(id => !asked.has(id))
  return [...new Set([...unread, ...strangers])].sort()
}

function importSections(
  namespace: string,
  name: string,
  members: readonly ClusterReading[],
  from: string | undefined,
): Section[] {
  const exporting = members.filter(member => triesToExport(member, namespace, name))
  return members
    .filter(({ clusterId }) => from === undefined || clusterId === from)
    .map(cluster => {
      const importer = importerOf(namespace, name, cluster, members)
      const pairs = pairsOf(importer, exporting, members)
      const ofPairs = (steps: readonly Step<Pair>[]) =>
        steps.flatMap(step => pairs.flatMap(pair => judged([step], pair, cluster, pair.peerId)))
      const foreign = (steps: readonly Step<Pair>[]) =>
        ofPairs(steps).filter(({ peer }) => peer !== cluster.clusterId)
      return section('import', cluster, [
        ...judged([agentStep], cluster, cluster),
        ...foreign(LINK_STEPS),
        ...judged([namespaceStep, namesStep, derivedServiceStep], importer, cluster),
        ...ofPairs([slicesStep]),
        ...judged([serviceImportStep, dnsStep, connectStep], importer, cluster),
      ])
    })
}

/** With each member that exports, or of which something is here, or that cannot be asked. */
function pairsOf(
  importer: Importer,
  exporting: readonly ClusterReading[],
  members: readonly ClusterReading[],
): Pair[] {
  const byId = new Map(members.map(member => [member.clusterId, member]))
  const sources = importer.existing.slices.map(
    ({ metadata }) => metadata.labels?.['multicluster.kubernetes.io/source-cluster'] ?? '',
  )
  const unasked = members.filter(({ index }) => !isRead(index)).map(({ clusterId }) => clusterId)
  const strangers = peersKnown(importer.cluster).filter(id => !byId.has(id))
  const ids = new Set([...exporting.map(({ clusterId }) => clusterId), ...sources, ...unasked, ...strangers])
  return [...ids].sort().map(peerId => ({ importer, peerId, peer: byId.get(peerId) }))
}

function section(role: 'export' | 'import', cluster: ClusterReading, findings: readonly Finding[]): Section {
  return { role, cluster: cluster.clusterId, context: cluster.context, findings }
}

function judged<F>(
  steps: readonly Step<F>[],
  facts: F,
  { clusterId, context }: ClusterReading,
  peer?: string,
): Finding[] {
  return steps.flatMap(({ name, judge }) => {
    const verdict = judge(facts)
    if (verdict === undefined) return []
    return [{ step: name, cluster: clusterId, context, ...(peer === undefined ? {} : { peer }), ...verdict }]
  })
}

/** For a heading: `demo/hello`. */
export function keyOf({ service }: Explanation): string {
  return serviceKey(service.namespace, service.name)
}
