import type { ExportedServiceSpec, IPFamily, ServiceImportPort } from '@isthmus/api'
import { isLabelValue, isPortName, isPortNumber, isQualifiedName } from './formats.ts'
import { isSteering } from './steering.ts'

/** Something that a member sent and that is not used, with the rule that refuses it. */
export interface Refusal {
  readonly rule: string
  readonly message: string
}

export type Checked<T> =
  | { readonly value: T; readonly refusals: readonly Refusal[] }
  | { readonly value: undefined; readonly refusals: readonly Refusal[] }

type Rule = readonly [name: string, objection: (spec: ExportedServiceSpec) => string | undefined]

/** A Service may have many ports, but not without end: kube-apiserver's own request limit comes far later. */
export const MAX_PORTS = 250
/** Names of chunks in one record: 5,000 endpoints in slices of 100, with room. */
export const MAX_CHUNKS = 2000
/** Exported labels, and annotations, of one service. */
export const MAX_METADATA_ENTRIES = 64
const MAX_ANNOTATION_BYTES = 16 * 1024

const FAMILIES: readonly IPFamily[] = ['IPv4', 'IPv6']

/** Each rule refuses a whole record: a merge of half a record would differ among members. */
const RULES: readonly Rule[] = [
  ['exportedAt', ({ exportedAt }) => (isTime(exportedAt) ? undefined : 'exportedAt is not an RFC 3339 time')],
  [
    'type',
    ({ type }) =>
      type === 'ClusterSetIP' || type === 'Headless' ? undefined : `type ${shown(type)} is unknown`,
  ],
  ['ports', ({ ports }) => objectionToPorts(ports)],
  ['ipFamilies', ({ ipFamilies }) => objectionToFamilies(ipFamilies)],
  [
    'sessionAffinity',
    ({ sessionAffinity }) =>
      sessionAffinity === 'None' || sessionAffinity === 'ClientIP'
        ? undefined
        : `sessionAffinity ${shown(sessionAffinity)} is unknown`,
  ],
  ['sessionAffinityConfig', ({ sessionAffinityConfig }) => objectionToAffinityConfig(sessionAffinityConfig)],
  [
    'internalTrafficPolicy',
    ({ internalTrafficPolicy: policy }) =>
      policy === undefined || policy === 'Cluster' || policy === 'Local'
        ? undefined
        : `internalTrafficPolicy ${shown(policy)} is unknown`,
  ],
  [
    'trafficDistribution',
    ({ trafficDistribution: value }) =>
      value === undefined || (typeof value === 'string' && value.length <= 63)
        ? undefined
        : 'trafficDistribution is not a short text',
  ],
  [
    'chunks',
    ({ chunks }) =>
      Array.isArray(chunks) && chunks.length <= MAX_CHUNKS && chunks.every(name => typeof name === 'string')
        ? undefined
        : `chunks is not a list of at most ${MAX_CHUNKS} names`,
  ],
]

/**
 * The spec of a record as it may be used: refused whole where a rule objects; labels and annotations that
 * are malformed or steer controllers are left out one by one. Anything may be in it: a peer wrote it.
 */
export function checkRecord(spec: ExportedServiceSpec): Checked<ExportedServiceSpec> {
  for (const [rule, objection] of RULES) {
    const message = objection(spec)
    if (message !== undefined) return { value: undefined, refusals: [{ rule, message }] }
  }
  const labels = checkMetadata('labels', spec.labels, isLabelValue)
  const annotations = checkMetadata('annotations', spec.annotations, isAnnotationValue)
  const refusals = [...labels.refusals, ...annotations.refusals]
  if (refusals.length === 0) return { value: spec, refusals }
  const { labels: _, annotations: __, ...rest } = spec
  return {
    value: {
      ...rest,
      ...(labels.kept === undefined ? {} : { labels: labels.kept }),
      ...(annotations.kept === undefined ? {} : { annotations: annotations.kept }),
    },
    refusals,
  }
}

/** With its offset: without one, it is another moment in each reader's time zone. */
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

function isTime(value: unknown): boolean {
  return (
    typeof value === 'string' && value.length <= 40 && RFC3339.test(value) && !Number.isNaN(Date.parse(value))
  )
}

function isAnnotationValue(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_ANNOTATION_BYTES
}

function objectionToPorts(ports: readonly ServiceImportPort[]): string | undefined {
  if (!Array.isArray(ports) || ports.length > MAX_PORTS) return `ports is not a list of at most ${MAX_PORTS}`
  const names = new Set<string>()
  const numbers = new Set<string>()
  for (const port of ports) {
    if (typeof port !== 'object' || port === null) return 'a port is not an object'
    const { name = '', protocol = 'TCP', port: number, appProtocol } = port as ServiceImportPort
    if (!isPortName(name)) return `port name ${shown(name)} is not a DNS label`
    if (!isPortNumber(number)) return `port ${shown(number)} is not between 1 and 65535`
    if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP')
      return `protocol ${shown(protocol)} is unknown`
    if (appProtocol !== undefined && !(typeof appProtocol === 'string' && isQualifiedName(appProtocol))) {
      return `appProtocol ${shown(appProtocol)} is not a qualified name`
    }
    if (names.has(name) || numbers.has(`${protocol}/${number}`))
      return `port ${shown(name)} ${number}/${protocol} is there twice`
    names.add(name)
    numbers.add(`${protocol}/${number}`)
  }
  return undefined
}

function objectionToFamilies(families: readonly IPFamily[]): string | undefined {
  const right =
    Array.isArray(families) &&
    families.length >= 1 &&
    families.length <= 2 &&
    new Set(families).size === families.length &&
    families.every(family => FAMILIES.includes(family))
  return right ? undefined : 'ipFamilies is not one or both of IPv4 and IPv6'
}

function objectionToAffinityConfig(config: ExportedServiceSpec['sessionAffinityConfig']): string | undefined {
  if (config === undefined) return undefined
  const { clientIP = {} } = config ?? {}
  if (!isObject(config) || !isObject(clientIP)) return 'sessionAffinityConfig is not an object'
  const seconds = clientIP.timeoutSeconds
  // core/v1 validation: more than 0, at most a day.
  const right = seconds === undefined || (Number.isInteger(seconds) && seconds > 0 && seconds <= 86400)
  return right
    ? undefined
    : `sessionAffinityConfig.clientIP.timeoutSeconds ${shown(seconds)} is not between 1 and 86400`
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function checkMetadata(
  what: 'labels' | 'annotations',
  entries: Record<string, string> | undefined,
  isValue: (value: unknown) => boolean,
): { kept: Record<string, string> | undefined; refusals: Refusal[] } {
  if (entries === undefined) return { kept: undefined, refusals: [] }
  if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) {
    return { kept: undefined, refusals: [{ rule: what, message: `${what} is not a map` }] }
  }
  const refusals: Refusal[] = []
  const kept: Record<string, string> = {}
  // Which are too many is the same in every member, whatever the order in which servers give them.
  const all = Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [key, value] of all.slice(0, MAX_METADATA_ENTRIES)) {
    if (!isQualifiedName(key) || !isValue(value))
      refusals.push({ rule: what, message: `${shown(key)} is malformed` })
    else if (isSteering(key)) refusals.push({ rule: what, message: `${key} has a reserved prefix` })
    else kept[key] = value
  }
  if (all.length > MAX_METADATA_ENTRIES) {
    refusals.push({ rule: what, message: `more than ${MAX_METADATA_ENTRIES} ${what}: the rest is left out` })
  }
  return { kept: Object.keys(kept).length === 0 ? undefined : kept, refusals }
}

/** Hostile text in a message: quoted and short. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
