/** One cluster as the place that a service is called from: what it has, and what it should have. */
import type { IPFamily, ServiceImport } from '@isthmus/api'
import { isDerivedService } from '../export/validity.ts'
import { isOwnServiceImport } from '../import/desired-import.ts'
import { type ExistingImport, type ImportPlan, planImport } from '../import/plan.ts'
import { MEMBERS_AVAILABLE, membersToldLost } from '../lost/members-condition.ts'
import type { Contribution } from '../member/contribution.ts'
import { type ClusterReading, readValue, whyUnread } from './facts.ts'
import { ownContribution, peerContribution } from './service-facts.ts'

export interface Importer {
  readonly namespace: string
  readonly name: string
  readonly cluster: ClusterReading
  /** What each member contributes, by the exchanges as they are now. */
  readonly contributions: ReadonlyMap<string, Contribution>
  readonly existing: ExistingImport
  /** What the import should be; or why that is not known. */
  readonly plan: ImportPlan | { readonly kind: 'unread'; readonly why: string }
}

/** One importing cluster and one member that it may import from. */
export interface Pair {
  readonly importer: Importer
  readonly peerId: string
  /** Undefined: none of the contexts is of it. */
  readonly peer: ClusterReading | undefined
}

const FAMILIES: readonly IPFamily[] = ['IPv4', 'IPv6']

/** `members`: all clusters of the set that could be read, this one among them. */
export function importerOf(
  namespace: string,
  name: string,
  cluster: ClusterReading,
  members: readonly ClusterReading[],
): Importer {
  const contributions = new Map<string, Contribution>([[cluster.clusterId, ownContribution(cluster, name)]])
  for (const member of members) {
    if (member.clusterId !== cluster.clusterId)
      contributions.set(member.clusterId, peerContribution(cluster, member, namespace, name))
  }
  // Members that the kubeconfig does not reach: what they contribute is not known, and stays as it is.
  for (const { clusterId } of readValue(cluster.links) ?? []) {
    if (!contributions.has(clusterId))
      contributions.set(clusterId, {
        kind: 'unknown',
        why: 'no context that answers is of that cluster',
        remembered: undefined,
        refusals: [],
      })
  }
  const serviceImport = readValue(cluster.serviceImport)
  const derivedService = readValue(cluster.derivedService)
  const existing: ExistingImport = {
    derivedService: isDerivedService(derivedService) ? derivedService : undefined,
    slices: readValue(cluster.importedSlices) ?? [],
    serviceImport:
      serviceImport !== undefined && isOwnServiceImport(serviceImport) ? serviceImport : undefined,
  }
  return {
    namespace,
    name,
    cluster,
    contributions,
    existing,
    plan: planFor({ namespace, name, cluster, contributions, existing }),
  }
}

function planFor(importer: Omit<Importer, 'plan'>): Importer['plan'] {
  const { namespace, name, cluster, contributions, existing } = importer
  const why =
    whyUnread(cluster.derivedService) ?? whyUnread(cluster.importedSlices) ?? whyUnread(cluster.serviceImport)
  if (why !== undefined) return { kind: 'unread', why }
  const supportedFamilies = familiesOf(existing)
  const { admission } = cluster
  return planImport({ namespace, name, contributions, supportedFamilies, existing, admission })
}

/** Only the agent asks the API server what families it has; what it found is in the import. */
function familiesOf({ serviceImport, derivedService }: ExistingImport): readonly IPFamily[] {
  const families = serviceImport?.spec.ipFamilies
  if (serviceImport === undefined || families === undefined) return FAMILIES
  const isUnsupported = readyCondition(serviceImport)?.reason === 'IPFamilyNotSupported'
  if (isUnsupported) return FAMILIES.filter(family => !families.includes(family))
  // The Service may have one family more: the one that it was made with.
  return [...new Set([...families, ...(derivedService?.spec?.ipFamilies ?? [])])]
}

/** What the policy for lost members has done to this import, by member: then what is here is not what they export. */
export function lostMembers({ existing: { serviceImport } }: Pick<Importer, 'existing'>): {
  readonly ids: ReadonlySet<string>
  readonly message: string
} {
  const condition = serviceImport?.status?.conditions?.find(({ type }) => type === MEMBERS_AVAILABLE)
  return { ids: membersToldLost(condition), message: condition?.message ?? '' }
}

export function readyCondition(serviceImport: ServiceImport | undefined) {
  return serviceImport?.status?.conditions?.find(({ type }) => type === 'Ready')
}

/** What the agent says is in the way of the import, as a clause to append; empty where it says nothing. */
export function reported({ existing }: Importer): string {
  const condition = readyCondition(existing.serviceImport)
  return condition?.status === 'False' ? `: ${condition.message}` : ''
}

/** Whether the cluster can have the import at all: KEP-1645, where the namespace does not exist nothing is imported. */
export function hasNamespace({ cluster }: Pick<Importer, 'cluster'>): boolean {
  const found = readValue(cluster.namespace)
  return found !== undefined && found.status?.phase !== 'Terminating'
}
