/** What a member says of itself in its ClusterProfile, and what may be believed of what another says. */
import { isDeepStrictEqual } from 'node:util'
import {
  type ApiAccess,
  CLUSTER_MANAGER,
  type ClusterProfile,
  PROFILE_PROPERTIES,
  PROPERTY_CLUSTER_ID,
  PROPERTY_CLUSTERSET,
} from '@isthmus/api'
import { isDNSLabel } from '../check/formats.ts'
import { type WantedCondition, withConditions } from '../conditions/conditions.ts'
import { fields } from './check-access.ts'
import { parseCIDR } from './cidrs.ts'
import { listProperties, MAX_VALUE, readList } from './profile-lists.ts'

export interface ProfileFacts {
  readonly clusterId: string
  readonly clusterset: string
  readonly access: ApiAccess
  /** `v1.33.1`. */
  readonly kubernetesVersion?: string | undefined
  readonly clusterUID?: string | undefined
  readonly isthmusVersion?: string | undefined
  readonly exchangeNamespace: string
  /** Empty: not known. */
  readonly podCIDRs: readonly string[]
  readonly nodeCIDRs: readonly string[]
  readonly serviceCIDRs: readonly string[]
  readonly ipFamilies: readonly string[]
  /** By peer: `connected`, or `<state>: <reason>`. */
  readonly links: Readonly<Record<string, string>>
  /** By peer: `issuedAt` of its credential that was last taken from the registry. Undefined: what is there stays. */
  readonly pickedUp?: Readonly<Record<string, string>> | undefined
}

type ProfileStatus = NonNullable<ClusterProfile['status']>
type Property = NonNullable<ProfileStatus['properties']>[number]

const LINK_SUFFIX = '.link.isthmus.dev'
const PICKED_UP_SUFFIX = '.picked-up.isthmus.dev'

/**
 * The status that says these facts. What someone else added to it stays; times move only with what they are
 * the time of. The same object comes back when nothing changed.
 *
 * @param now RFC 3339
 */
export function profileStatus(
  before: ProfileStatus | undefined,
  facts: ProfileFacts,
  conditions: readonly WantedCondition[],
  now: string,
): ProfileStatus {
  const old = before ?? {}
  const next: ProfileStatus = {
    ...old,
    conditions: [...withConditions(old.conditions, conditions, now)],
    properties: propertiesWith(old.properties ?? [], wantedProperties(facts, old.properties ?? []), now),
    accessProviders: [
      ...(old.accessProviders ?? []).filter(({ name }) => name !== CLUSTER_MANAGER),
      { name: CLUSTER_MANAGER, cluster: toWire(facts.access) },
    ],
  }
  if (facts.kubernetesVersion !== undefined)
    next.version = { ...old.version, kubernetes: facts.kubernetesVersion }
  return before !== undefined && isDeepStrictEqual(before, next) ? before : next
}

function wantedProperties(facts: ProfileFacts, before: readonly Property[]): Map<string, string> {
  const links = Object.entries(facts.links).map(([peer, state]) => [`${peer}${LINK_SUFFIX}`, state])
  const pickedUp =
    facts.pickedUp === undefined
      ? before.flatMap(({ name, value }) => (name.endsWith(PICKED_UP_SUFFIX) ? [[name, value]] : []))
      : Object.entries(facts.pickedUp).map(([peer, time]) => [`${peer}${PICKED_UP_SUFFIX}`, time])
  const lists = [
    [PROFILE_PROPERTIES.podCIDRs, facts.podCIDRs],
    [PROFILE_PROPERTIES.nodeCIDRs, facts.nodeCIDRs],
    [PROFILE_PROPERTIES.serviceCIDRs, facts.serviceCIDRs],
    [PROFILE_PROPERTIES.ipFamilies, facts.ipFamilies],
  ] as const
  const values: Record<string, string | undefined> = {
    [PROPERTY_CLUSTER_ID]: facts.clusterId,
    [PROPERTY_CLUSTERSET]: facts.clusterset,
    [PROFILE_PROPERTIES.clusterUID]: facts.clusterUID,
    [PROFILE_PROPERTIES.exchangeNamespace]: facts.exchangeNamespace,
    [PROFILE_PROPERTIES.version]: facts.isthmusVersion,
    ...Object.fromEntries(lists.flatMap(([name, items]) => listProperties(name, items).properties)),
    ...Object.fromEntries(links),
    ...Object.fromEntries(pickedUp),
  }
  return new Map(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, value.slice(0, MAX_VALUE)] as const],
    ),
  )
}

/** In the order in which they stand already: a list that is only sorted differently is no change. */
function propertiesWith(
  before: readonly Property[],
  wanted: ReadonlyMap<string, string>,
  now: string,
): Property[] {
  const kept = before.flatMap(property => {
    const value = wanted.get(property.name)
    if (value === undefined) return isOurs(property.name) ? [] : [property]
    return [value === property.value ? property : { name: property.name, value, lastObservedTime: now }]
  })
  const names = new Set(before.map(({ name }) => name))
  const added = [...wanted].filter(([name]) => !names.has(name))
  return [...kept, ...added.map(([name, value]) => ({ name, value, lastObservedTime: now }))]
}

function isOurs(name: string): boolean {
  return name.endsWith('.isthmus.dev')
}

function toWire({ server, certificateAuthority, tlsServerName }: ApiAccess) {
  return {
    server,
    ...(certificateAuthority === undefined
      ? {}
      : { 'certificate-authority-data': Buffer.from(certificateAuthority).toString('base64') }),
    ...(tlsServerName === undefined ? {} : { 'tls-server-name': tlsServerName }),
  }
}

/** What can be read of another's profile; whatever is not well-formed is as if it were not said. */
export interface ReadProfile extends Omit<ProfileFacts, 'access' | 'clusterset' | 'exchangeNamespace'> {
  readonly access: ApiAccess | undefined
  readonly clusterset: string | undefined
  readonly exchangeNamespace: string | undefined
}

/** The cluster is who the profile's name says: nothing in its status can make it another. */
export function readProfile(profile: ClusterProfile): ReadProfile {
  const status = fields(profile.status)
  const properties = new Map(records(status.properties).flatMap(textProperty))
  const text = (name: string) => properties.get(name)
  const list = (name: string) => readList(text, name)
  const cidrs = (name: string) => list(name).filter(cidr => parseCIDR(cidr) !== undefined)
  const exchange = text(PROFILE_PROPERTIES.exchangeNamespace)
  return {
    clusterId: profile.metadata.name ?? '',
    clusterset: text(PROPERTY_CLUSTERSET),
    access: accessOf(status.accessProviders),
    kubernetesVersion: textOf(fields(status.version).kubernetes),
    clusterUID: text(PROFILE_PROPERTIES.clusterUID),
    isthmusVersion: text(PROFILE_PROPERTIES.version),
    exchangeNamespace: isDNSLabel(exchange) ? exchange : undefined,
    podCIDRs: cidrs(PROFILE_PROPERTIES.podCIDRs),
    nodeCIDRs: cidrs(PROFILE_PROPERTIES.nodeCIDRs),
    serviceCIDRs: cidrs(PROFILE_PROPERTIES.serviceCIDRs),
    ipFamilies: list(PROFILE_PROPERTIES.ipFamilies),
    links: byPeer(properties, LINK_SUFFIX),
    pickedUp: byPeer(properties, PICKED_UP_SUFFIX),
  }
}

function byPeer(properties: ReadonlyMap<string, string>, suffix: string): Record<string, string> {
  return Object.fromEntries(
    [...properties].flatMap(([name, value]) =>
      name.endsWith(suffix) ? [[name.slice(0, -suffix.length), value]] : [],
    ),
  )
}

/** Of our own access provider alone: those of others may want a program to be run. */
function accessOf(accessProviders: unknown): ApiAccess | undefined {
  const provider = records(accessProviders).find(({ name }) => name === CLUSTER_MANAGER)
  const cluster = fields(provider?.cluster)
  const server = textOf(cluster.server)
  if (server === undefined || !URL.canParse(server) || new URL(server).protocol !== 'https:') return undefined
  const data = textOf(cluster['certificate-authority-data'])
  const tlsServerName = textOf(cluster['tls-server-name'])
  return {
    server,
    ...(data === undefined ? {} : { certificateAuthority: Buffer.from(data, 'base64').toString() }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
  }
}

/** A registry may answer anything: what has another type than it should is not there. */
function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(fields) : []
}

function textProperty({ name, value }: Readonly<Record<string, unknown>>): [string, string][] {
  return typeof name === 'string' && typeof value === 'string' ? [[name, value]] : []
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
