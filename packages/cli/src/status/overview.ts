/** A ClusterSet at a glance. Pure: from what was read to what is shown, and to `-o json`. */
import {
  type Condition,
  LABEL_SERVICE_NAME,
  LABEL_SOURCE_CLUSTER,
  linkProperty,
  PROPERTY_CLUSTERSET,
  type RegistryNoteData,
  type ServiceExport,
  type ServiceImport,
} from '@isthmus/api'
import {
  agentHealth,
  duration,
  isRenewed,
  isRevoked,
  lagOf,
  readValue,
  serviceKey,
  whyUnread,
} from '@isthmus/core'
import type { MemberReading, StatusFacts } from './status-facts.ts'

export interface Overview {
  readonly members: readonly MemberRow[]
  readonly links: readonly LinkRow[]
  readonly exports: readonly ExportRow[]
  readonly imports: readonly ImportRow[]
  readonly conflicts: readonly ConflictRow[]
  /** What is wrong, a sentence each; empty when all is well. */
  readonly problems: readonly string[]
}

export interface Count {
  readonly ready: number
  readonly total: number
}

export interface MemberRow {
  readonly cluster: string
  readonly clusterset: string
  /** Null: none of the contexts is of it; what is told of it is what the others know. */
  readonly context: string | null
  readonly server: string | null
  readonly agent: string
  /** Which of its agents leads. */
  readonly leader: string | null
  /** Null: not known. */
  readonly exports: Count | null
  readonly imports: Count | null
  /** How its agent saw the registry last; null where it has none, or nothing is known of it. */
  readonly registry: RegistryNoteData | null
}

export interface LinkRow {
  readonly reader: string
  readonly peer: string
  /** `connected`, `connecting`, `degraded`, `lost`, `refused`, or `unknown`. */
  readonly state: string
  readonly reason: string | null
  readonly since: string | null
  /** The highest sequence of the peer that was read. */
  readonly sequence: number
  /** For how long the peer's newest index has not been read; 0 when it was, null when it is not known. */
  readonly lagMs: number | null
  /** Services that the peer exports, that have a namespace here, and that are not imported from it yet. */
  readonly behind: number | null
  /** The peer has no account for the reader any more: no new request of it is answered. */
  readonly revoked: boolean
}

export interface ExportRow {
  readonly key: string
  readonly cluster: string
  readonly state: string
  readonly message: string
  readonly isWell: boolean
}

export interface ImportRow {
  readonly key: string
  readonly cluster: string
  readonly type: string
  readonly ips: readonly string[]
  readonly state: string
  readonly message: string
  readonly isWell: boolean
  readonly endpoints: readonly (Count & { readonly cluster: string })[]
}

export interface ConflictRow {
  readonly key: string
  readonly clusters: readonly string[]
  readonly reason: string
  readonly message: string
}

export function overviewOf(facts: StatusFacts): Overview {
  const { members } = facts
  const byId = new Map(members.map(member => [member.clusterId, member]))
  const overview = {
    members: [...members.map(memberRow), ...strangers(facts, byId)].sort(by(row => row.cluster)),
    links: members.flatMap(member => linkRows(member, byId)).sort(by(row => `${row.reader} ${row.peer}`)),
    exports: members.flatMap(exportRows).sort(by(row => `${row.key} ${row.cluster}`)),
    imports: members.flatMap(importRows).sort(by(row => `${row.key} ${row.cluster}`)),
    conflicts: conflictRows(members),
  }
  return { ...overview, problems: problemsOf(facts, overview) }
}

function by<T>(text: (row: T) => string): (a: T, b: T) => number {
  return (a, b) => (text(a) < text(b) ? -1 : Number(text(a) > text(b)))
}

function memberRow(member: MemberReading): MemberRow {
  const { clusterId, clusterset, context, server } = member
  const leader = readValue(member.leader)
  return {
    cluster: clusterId,
    clusterset,
    context,
    server,
    agent: agentState(member),
    leader:
      (leader?.spec?.holderIdentity && isRenewed(leader, member.clocks) && leader.spec.holderIdentity) ||
      null,
    exports: countReady(readValue(member.exports)),
    imports: countReady(readValue(member.imports)),
    registry: member.registry ?? null,
  }
}

function agentState(member: MemberReading): string {
  const { state, words } = agentHealth(member)
  const { removedAt, state: membership } = member.membership ?? {}
  const leaving = membership === 'leaving' ? 'leaving, ' : removedAt === undefined ? '' : 'removed, '
  return `${leaving}${state === 'runs' || state === 'unknown' ? state : words}`
}

function countReady(objects: readonly (ServiceExport | ServiceImport)[] | undefined): Count | null {
  if (objects === undefined) return null
  return {
    ready: objects.filter(object => condition(object, 'Ready')?.status === 'True').length,
    total: objects.length,
  }
}

/** Members that others know, by a link or a registry, and that no context leads to. */
function strangers(
  { members, profiles }: StatusFacts,
  byId: ReadonlyMap<string, MemberReading>,
): MemberRow[] {
  const known = new Map<string, string>()
  for (const { metadata, status } of profiles) {
    const clusterset = status?.properties?.find(({ name }) => name === PROPERTY_CLUSTERSET)?.value
    known.set(metadata.name ?? '', clusterset ?? '')
  }
  for (const { links, clusterset } of members) {
    for (const { clusterId } of readValue(links) ?? []) known.set(clusterId, clusterset)
  }
  return [...known]
    .filter(([id]) => !byId.has(id))
    .map(([cluster, clusterset]) => ({
      cluster,
      clusterset,
      context: null,
      server: null,
      agent: 'unknown',
      leader: null,
      exports: null,
      imports: null,
      registry: null,
    }))
}

function linkRows(reader: MemberReading, byId: ReadonlyMap<string, MemberReading>): LinkRow[] {
  return (readValue(reader.links) ?? []).map(memory => {
    const peer = byId.get(memory.clusterId)
    const index = peer === undefined ? undefined : readValue(peer.index)
    const lagMs = index === undefined ? null : (lagOf(memory, index.spec.sequence, reader.clocks) ?? 0)
    return {
      reader: reader.clusterId,
      peer: memory.clusterId,
      // Of a link that works, a state is told once it has lasted.
      state: memory.state ?? (lagMs === 0 ? 'connected' : 'unknown'),
      reason: memory.reason ?? null,
      since: memory.since ?? null,
      sequence: memory.highestSequence,
      lagMs,
      behind: index === undefined ? null : behind(reader, memory.clusterId, index.spec.services),
      revoked: isRevoked(reader, peer),
    }
  })
}

function behind(reader: MemberReading, peer: string, services: readonly string[]): number | null {
  const namespaces = readValue(reader.namespaces)
  const imports = readValue(reader.imports)
  if (namespaces === undefined || imports === undefined) return null
  const here = new Set(namespaces.map(({ metadata }) => metadata.name))
  const imported = new Map(imports.map(one => [keyOf(one), one]))
  return services.filter(key => {
    if (!here.has(key.slice(0, key.indexOf('/')))) return false
    const one = imported.get(key)
    const refused = one?.metadata.annotations?.['isthmus.dev/refused-clusters']?.split(',') ?? []
    const isFrom = one?.status?.clusters?.some(({ cluster }) => cluster === peer) ?? false
    return !isFrom && !refused.includes(peer)
  }).length
}

function exportRows(member: MemberReading): ExportRow[] {
  return (readValue(member.exports) ?? []).map(one => {
    const valid = condition(one, 'Valid')
    const ready = condition(one, 'Ready')
    const telling = valid?.status === 'False' ? valid : ready
    return { key: keyOf(one), cluster: member.clusterId, ...stateOf(telling) }
  })
}

function importRows(member: MemberReading): ImportRow[] {
  const slices = Map.groupBy(readValue(member.slices) ?? [], ({ metadata }) =>
    serviceKey(metadata.namespace ?? '', metadata.labels?.[LABEL_SERVICE_NAME] ?? ''),
  )
  return (readValue(member.imports) ?? []).map(one => {
    const sources = Map.groupBy(
      slices.get(keyOf(one)) ?? [],
      ({ metadata }) => metadata.labels?.[LABEL_SOURCE_CLUSTER] ?? '',
    )
    return {
      key: keyOf(one),
      cluster: member.clusterId,
      type: one.spec.type,
      ips: one.spec.ips ?? [],
      ...stateOf(condition(one, 'Ready')),
      endpoints: [...sources]
        .map(([cluster, list]) => {
          const endpoints = list.flatMap(slice => slice.endpoints ?? [])
          const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false).length
          return { cluster, ready, total: endpoints.length }
        })
        .sort(by(row => row.cluster)),
    }
  })
}

/** One row for each difference, however many clusters tell of it. */
function conflictRows(members: readonly MemberReading[]): ConflictRow[] {
  const rows = new Map<string, ConflictRow>()
  for (const member of members) {
    for (const one of readValue(member.exports) ?? []) {
      const conflict = condition(one, 'Conflict')
      if (conflict?.status !== 'True') continue
      const id = `${keyOf(one)} ${conflict.reason}`
      const clusters = [...(rows.get(id)?.clusters ?? []), member.clusterId].sort()
      rows.set(id, { key: keyOf(one), clusters, reason: conflict.reason, message: conflict.message })
    }
  }
  return [...rows.values()].sort(by(row => row.key))
}

function stateOf(found: Condition | undefined): Pick<ExportRow, 'state' | 'message' | 'isWell'> {
  return found === undefined
    ? { state: 'Pending', message: 'no agent has said anything about it yet', isWell: false }
    : { state: found.reason, message: found.message, isWell: found.status === 'True' }
}

function condition(object: ServiceExport | ServiceImport, type: string): Condition | undefined {
  return object.status?.conditions?.find(one => one.type === type)
}

function keyOf({ metadata }: ServiceExport | ServiceImport): string {
  return serviceKey(metadata.namespace ?? '', metadata.name ?? '')
}

/** Where there is no ClusterSet, nothing is well. */
function nobody({ members, unreachable, outsiders }: StatusFacts): readonly string[] {
  const isSomething =
    members.length > 0 || unreachable.length > 0 || outsiders.some(({ prepared }) => prepared)
  return isSomething
    ? []
    : ['none of the contexts is of a member of a ClusterSet: `isthmus init` and `isthmus join` make one']
}

function problemsOf(facts: StatusFacts, overview: Omit<Overview, 'problems'>): string[] {
  // None of its links will come back.
  const isRemoved = new Set(
    facts.members.flatMap(({ clusterId, membership }) =>
      membership?.removedAt === undefined ? [] : [clusterId],
    ),
  )
  const { members, unreachable } = facts
  return [
    ...nobody(facts),
    ...unreachable.map(
      ({ context, server, why }) => `context ${context} (${server}) cannot be asked: ${why}`,
    ),
    ...facts.outsiders
      .filter(({ prepared }) => prepared)
      .map(
        ({ context, server }) =>
          `context ${context} (${server}): Isthmus is installed, and it is no member yet`,
      ),
    ...twice(members),
    ...members.flatMap(unreadProblems),
    ...overview.members
      .filter(({ agent }) => !['runs', 'unknown'].includes(agent.replace('removed, ', '')))
      .map(({ cluster, agent }) => `the agent of ${cluster}: ${agent}; what it made stays as it was`),
    ...members.flatMap(removed),
    ...overview.links.filter(({ reader }) => !isRemoved.has(reader)).flatMap(linkProblems),
    ...registriesAway(overview.members),
    ...registryProblems(facts),
    ...[...overview.exports, ...overview.imports]
      .filter(({ isWell }) => !isWell)
      .map(
        row =>
          `${'ips' in row ? 'import' : 'export'} of ${row.key} in ${row.cluster}: ${row.state}: ${row.message}`,
      ),
  ]
}

/** Two clusters with one id overwrite each other in every importer. */
function twice(members: readonly MemberReading[]): string[] {
  const byId = Map.groupBy(members, ({ clusterId }) => clusterId)
  return [...byId]
    .filter(([, same]) => same.length > 1)
    .map(
      ([id, same]) =>
        `contexts ${same.map(({ context }) => context).join(' and ')} are clusters with one id, ${id}`,
    )
}

/** What else does not work there comes of it. */
function removed({ clusterId, kubectl, membership }: MemberReading): string[] {
  if (membership?.removedAt === undefined || membership.state === 'leaving') return []
  const { clusterset, removedAt } = membership
  const leave = `${kubectl.replace(/^kubectl/, 'isthmus leave')} --registry-context REGISTRY`
  return [
    `${clusterId} was removed from ${clusterset}, as its agent saw at ${removedAt}: the others do not read it any more, and what it imported stays as it was; \`${leave}\` takes out what is left there, then it can join again`,
  ]
}

function unreadProblems(member: MemberReading): string[] {
  const parts = {
    exports: member.exports,
    imports: member.imports,
    links: member.links,
    agent: member.heartbeat,
  }
  return Object.entries(parts).flatMap(([what, reading]) => {
    const why = whyUnread(reading)
    return why === undefined ? [] : [`${what} of ${member.clusterId} are not known: ${why}`]
  })
}

function linkProblems(row: LinkRow): string[] {
  const { reader, peer, state, reason, since, lagMs, behind: count, revoked } = row
  const link = `link of ${reader} to ${peer}`
  if (state !== 'connected' && state !== 'unknown')
    return [
      `${link}: ${state}${since === null ? '' : ` since ${since}`}${reason === null ? '' : `: ${reason}`}${revoked ? `; ${peer} has no account for it any more` : ''}`,
    ]
  if (revoked)
    return [
      `${link}: ${peer} has no account for ${reader} any more: it lasts for as long as what is open, an hour at most; \`isthmus relink --peer ${peer}\` mends it`,
    ]
  if (lagMs !== null && lagMs > 0)
    return [`${link}: the newest index has not been read for ${duration(lagMs)}`]
  if (count !== null && count > 0) return [`${link}: ${count} exported services are not imported yet`]
  return []
}

/** One line for each registry: whoever cannot read it. It concerns no link. */
function registriesAway(members: readonly MemberRow[]): string[] {
  const away = members.flatMap(({ cluster, clusterset, registry }) =>
    registry?.state === 'unreachable' ? [{ cluster, clusterset, ...registry }] : [],
  )
  return [...Map.groupBy(away, ({ server }) => server)].map(([server, readers]) => {
    const [{ clusterset = '', reason = '' } = {}] = readers
    const since = readers.map(reader => reader.since).sort()[0]
    const who = readers.map(({ cluster }) => cluster).join(', ')
    return `registry of ${clusterset} (${server}): not reached by ${who} since ${since}: ${reason}; links and imports go on, joining and leaving wait for it`
  })
}

/** What members that cannot be asked here say in the registry of their links. */
function registryProblems({ members, profiles }: StatusFacts): string[] {
  const seen = new Set(members.map(({ clusterId }) => clusterId))
  const ids = profiles.map(({ metadata }) => metadata.name ?? '')
  return profiles
    .filter(({ metadata }) => !seen.has(metadata.name ?? ''))
    .flatMap(({ metadata, status }) =>
      ids.flatMap(peer => {
        const value = status?.properties?.find(({ name }) => name === linkProperty(peer))?.value
        return value === undefined || value === 'connected'
          ? []
          : [`link of ${metadata.name} to ${peer}, by the registry: ${value}`]
      }),
    )
}
