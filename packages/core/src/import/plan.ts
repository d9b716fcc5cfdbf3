import {
  type EndpointSlice,
  type ExportedEndpointsSpec,
  type IPFamily,
  LABEL_SOURCE_CLUSTER,
  type Service,
  type ServiceImport,
  type ServiceImportSpec,
} from '@isthmus/api'
import type { Refusal } from '../check/check-record.ts'
import { withoutPrefixes } from '../check/steering.ts'
import type { Contribution } from '../member/contribution.ts'
import { byPrecedence, type MemberExport } from '../merge/exports.ts'
import { derivedServiceFamilies, familyOf, importedFamilies } from '../merge/ip-families.ts'
import { contributedPorts, type MergedPort } from '../merge/ports.ts'
import { derivedServiceName, importedSliceName } from '../naming/names.ts'
import type { Admission } from '../policy/admission.ts'
import { type Basis, freshBasis, frozenBasis } from './basis.ts'
import { refusedClustersOf } from './remembered-metadata.ts'

/** The objects of ours that an import has in this cluster now. */
export interface ExistingImport {
  readonly derivedService: Service | undefined
  readonly slices: readonly EndpointSlice[]
  readonly serviceImport: ServiceImport | undefined
}

export interface ImportInput {
  readonly namespace: string
  readonly name: string
  /** By member, this cluster among them. Who is not in it is no member. */
  readonly contributions: ReadonlyMap<string, Contribution>
  /** The families that Services of this cluster may have. */
  readonly supportedFamilies: readonly IPFamily[]
  readonly existing: ExistingImport
  /**
   * Prefixes of labels and annotations that this cluster does not take, beside those that no member takes.
   * Who wins and what conflicts does not depend on them: that is the same in every member.
   */
  readonly reservedPrefixes?: readonly string[] | undefined
  /** What of the exports may come in here; all, where it is not given. Nor does the merge depend on this. */
  readonly admission?: Pick<Admission, 'refusalOf' | 'admit'> | undefined
}

/** What policies of this cluster refuse, by member. */
export type RefusedHere = ReadonlyMap<string, readonly Refusal[]>

/** One chunk of one member, as this cluster is to store it. */
export interface PlannedSlice {
  readonly name: string
  readonly clusterId: string
  readonly chunk: string
  /** Own port names of the member to those of the import. */
  readonly ports: ReadonlyMap<string, MergedPort>
  readonly memberExport: MemberExport
}

export type ImportPlan =
  /** No member exports it, or may export it to here, and nothing of it is here. */
  | { readonly kind: 'nothing'; readonly refused: RefusedHere }
  /** All that is here of it goes: every member's index omits it, or policies let none of them contribute. */
  | { readonly kind: 'remove'; readonly refused: RefusedHere }
  /** What is known does not suffice to change anything: all stays. */
  | { readonly kind: 'keep'; readonly why: string }
  | ImportedPlan

export interface ImportedPlan {
  readonly kind: 'import'
  readonly derivedName: string
  /** Without `ips`, which only the API server knows. */
  readonly spec: Omit<ServiceImportSpec, 'ips'>
  /** Of the derived Service: those of the import, and in front the one that it was made with. */
  readonly serviceFamilies: readonly IPFamily[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly slices: readonly PlannedSlice[]
  /** Names of slices whose content is not known now: they stay as they are. */
  readonly keptSlices: ReadonlySet<string>
  readonly clusters: readonly string[]
  readonly refused: RefusedHere
  /** Members that may contribute nothing here, though they have a vote in the merge. */
  readonly refusedClusters: readonly string[]
  /** Whose export decides where exports differ; undefined while the spec stays what it was. */
  readonly winner: string | undefined
  /** No family of the service is one of this cluster's: it can be shown, not served. */
  readonly unsupported: boolean
  /** Members of which nothing is known now, though they contribute: the import's spec stays what it was. */
  readonly frozenBy: readonly string[]
}

/** What an import should be, given what every member contributes. Pure: the same input, the same plan. */
export function planImport(input: ImportInput): ImportPlan {
  const { contributions, existing } = input
  const exports = knownExports(contributions)
  const known = {
    exports,
    frozenBy: silentContributors(contributions, existing),
    ...admittedOf(exports, input),
  }
  const { admitted, refused, frozenBy } = known
  const isServed = admitted.length > 0 || frozenBy.some(id => input.admission?.refusalOf(id) === undefined)
  if (!isServed) {
    if (isEmpty(existing)) return { kind: 'nothing', refused }
    const unread = exports.length === 0 && isBegun(existing) ? unreadMembers(contributions) : []
    if (unread.length > 0) return { kind: 'keep', why: `nothing is known of ${unread.join(', ')} yet` }
    return { kind: 'remove', refused }
  }
  if (frozenBy.length === 0) return imported(input, known, freshBasis(exports))
  const basis = frozenBasis(existing, input.supportedFamilies)
  if (basis !== undefined) return imported(input, known, basis)
  if (exports.length > 0) return imported(input, known, freshBasis(exports))
  return { kind: 'keep', why: `nothing is known of ${frozenBy.join(', ')} yet` }
}

interface Known {
  /** All of them have a vote in the merge. */
  readonly exports: readonly MemberExport[]
  /** What of them may come in here. */
  readonly admitted: readonly MemberExport[]
  readonly refused: RefusedHere
  readonly frozenBy: readonly string[]
}

function admittedOf(
  exports: readonly MemberExport[],
  { admission }: ImportInput,
): Pick<Known, 'admitted' | 'refused'> {
  const refused = new Map<string, readonly Refusal[]>()
  if (admission === undefined) return { admitted: exports, refused }
  const admitted = exports.flatMap(memberExport => {
    const { export: rest, refusals } = admission.admit(memberExport)
    if (refusals.length > 0) refused.set(memberExport.clusterId, refusals)
    return rest === undefined ? [] : [rest]
  })
  return { admitted, refused }
}

function imported(
  input: ImportInput,
  { exports, admitted, refused, frozenBy }: Known,
  basis: Basis,
): ImportedPlan {
  const {
    namespace,
    name,
    contributions,
    supportedFamilies,
    existing,
    reservedPrefixes = [],
    admission,
  } = input
  const isRefused = (id: string) => admission?.refusalOf(id) !== undefined
  const derivedName = derivedServiceName(namespace, name)
  const headless = basis.spec.type === 'Headless'
  const first = headless ? undefined : firstFamily(existing)
  const families = importedFamilies(basis.ipFamilies, supportedFamilies, first)
  const serviceFamilies = derivedServiceFamilies(families, first)
  const unsupported = families.length === 0
  const awaited = unsupported ? NOBODY : awaitedMembers(contributions)
  const kept = existing.slices.filter(slice => {
    const source = sourceOf(slice)
    if (isRefused(source)) return false
    return frozenBy.includes(source) || (awaited.has(source) && isOneOf(serviceFamilies, slice))
  })
  const { slices, unseen } = slicesOf(unsupported ? [] : admitted, derivedName, basis.ports, serviceFamilies)
  return {
    kind: 'import',
    derivedName,
    spec: { ...basis.spec, ipFamilies: [...(unsupported ? basis.ipFamilies : families)] },
    serviceFamilies,
    labels: withoutPrefixes(basis.labels, reservedPrefixes),
    annotations: withoutPrefixes(basis.annotations, reservedPrefixes),
    slices,
    keptSlices: new Set([...kept.map(({ metadata }) => metadata.name ?? ''), ...unseen]),
    ...byAdmission(
      [...contributions.keys()]
        .filter(id => frozenBy.includes(id) || exports.some(e => e.clusterId === id))
        .sort(),
      isRefused,
    ),
    refused,
    winner: frozenBy.length === 0 ? exports[0]?.clusterId : undefined,
    unsupported,
    frozenBy,
  }
}

/**
 * A slice for each chunk that has ports of the import, in a family that it has (KEP-1645, EndpointSlice: of one source
 * cluster each). `unseen`: names that slices of chunks would have that are named and not there yet.
 */
function slicesOf(
  exports: readonly MemberExport[],
  derivedName: string,
  merged: readonly MergedPort[],
  families: readonly IPFamily[],
): { slices: readonly PlannedSlice[]; unseen: readonly string[] } {
  const slices: PlannedSlice[] = []
  const unseen: string[] = []
  for (const memberExport of exports) {
    const { clusterId } = memberExport
    const ports = contributedPorts(merged, memberExport)
    const hasPorts = (content: ExportedEndpointsSpec) =>
      memberExport.spec.ports.length === 0 || content.ports.some(port => ports.has(port.name))
    const nameOf = (chunk: string, type: string) => importedSliceName(derivedName, clusterId, chunk, type)
    for (const [chunk, content] of memberExport.chunks) {
      if (content === undefined) unseen.push(nameOf(chunk, 'IPv4'), nameOf(chunk, 'IPv6'))
      else if (families.includes(content.addressType) && hasPorts(content))
        slices.push({ name: nameOf(chunk, content.addressType), clusterId, chunk, ports, memberExport })
    }
  }
  return { slices, unseen }
}

function byAdmission(
  members: readonly string[],
  isRefused: (id: string) => boolean,
): Pick<ImportedPlan, 'clusters' | 'refusedClusters'> {
  return { clusters: members.filter(id => !isRefused(id)), refusedClusters: members.filter(isRefused) }
}

const NOBODY: ReadonlySet<string> = new Set()

/**
 * Members whose records name endpoints that are still to be read. They may be those of slices that the record does not
 * name any more, which go when the others have come: a record and its chunks are read by two watches, neither of which
 * waits for the other. What is refused does not come.
 */
function awaitedMembers(contributions: ReadonlyMap<string, Contribution>): ReadonlySet<string> {
  const awaited = [...contributions].filter(
    ([, contribution]) =>
      contribution.kind === 'present' &&
      contribution.export.chunks.values().some(chunk => chunk === undefined) &&
      !contribution.refusals.some(({ rule }) => rule === 'endpoints'),
  )
  return awaited.length === 0 ? NOBODY : new Set(awaited.map(([clusterId]) => clusterId))
}

function isOneOf(families: readonly IPFamily[], { addressType }: EndpointSlice): boolean {
  return addressType !== 'FQDN' && families.includes(addressType)
}

/** What is known now, and what was known of members that are silent. In order of precedence. */
export function knownExports(contributions: ReadonlyMap<string, Contribution>): readonly MemberExport[] {
  const exports: MemberExport[] = []
  for (const contribution of contributions.values()) {
    if (contribution.kind === 'present') exports.push(contribution.export)
    else if (contribution.kind === 'unknown' && contribution.remembered !== undefined)
      exports.push(contribution.remembered)
  }
  return exports.sort(byPrecedence)
}

/** Members that contribute to the import as it is, and of which nothing is known since this process started. */
function silentContributors(
  contributions: ReadonlyMap<string, Contribution>,
  existing: ExistingImport,
): readonly string[] {
  const contributors = contributorsOf(existing)
  return unreadMembers(contributions).filter(id => contributors.has(id))
}

/** Members of which nothing is known since this process started. */
function unreadMembers(contributions: ReadonlyMap<string, Contribution>): readonly string[] {
  return [...contributions]
    .filter(([, c]) => c.kind === 'unknown' && c.remembered === undefined)
    .map(([id]) => id)
}

/** As far as the objects of the import say. */
function contributorsOf({ serviceImport, slices }: ExistingImport): ReadonlySet<string> {
  const contributors = new Set<string>(serviceImport?.status?.clusters?.map(({ cluster }) => cluster))
  for (const slice of slices) contributors.add(sourceOf(slice))
  // They have no slices here, but the spec is theirs as well.
  for (const cluster of refusedClustersOf(serviceImport)) contributors.add(cluster)
  return contributors
}

/**
 * Whether a ServiceImport promises addresses and does not say whose: its maker was stopped before its first status. Of
 * one that is removed, the ServiceImport is the first to go.
 */
function isBegun(existing: ExistingImport): boolean {
  return existing.serviceImport !== undefined && contributorsOf(existing).size === 0
}

/** The first family of a Service is fixed for the life of the import, also while the Service has to be made again. */
function firstFamily({ derivedService, serviceImport }: ExistingImport): IPFamily | undefined {
  const fixed = derivedService?.spec?.ipFamilies?.[0]
  if (fixed !== undefined) return fixed
  const [promised] = serviceImport?.spec.ips ?? []
  return promised === undefined ? undefined : familyOf(promised)
}

function sourceOf(slice: EndpointSlice): string {
  return slice.metadata.labels?.[LABEL_SOURCE_CLUSTER] ?? ''
}

function isEmpty({ derivedService, slices, serviceImport }: ExistingImport): boolean {
  return derivedService === undefined && slices.length === 0 && serviceImport === undefined
}
