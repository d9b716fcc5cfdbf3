/** Scenarios as they are written: members, steps and expected objects in YAML (docs: test/scenarios/README.md). */
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { IPFamily } from '@isthmus/api'
import { parse } from 'yaml'
import { writtenOut } from './repeated.ts'

/** How a scenario is run. */
export const WAYS = ['model', 'agents', 'real'] as const
export type Way = (typeof WAYS)[number]

export interface MemberSpec {
  /** IP families of its Services, the first one preferred. */
  readonly families: readonly IPFamily[]
  /** Fields that its ServiceImport CRD does not have, as that of an older upstream release: `status.endpointSliceObjects`. */
  readonly withoutFields: readonly string[]
  /** Values of trafficDistribution that its API server takes; all that Kubernetes has, unless said. */
  readonly trafficDistribution?: readonly string[]
  /** Prefixes of labels and annotations that it does not take from others, beside those that nobody takes. */
  readonly reservedPrefixes?: readonly string[]
}

/** One thing that is done, or expected. Exactly one of the verbs is set. */
export interface Step {
  /** Clusters in which it is done. */
  readonly in?: readonly string[]
  readonly create?: readonly Partial[]
  /** A merge patch, with kind and name. `subresource: status` where it is meant. */
  readonly patch?: readonly Partial[]
  readonly delete?: readonly Partial[]
  readonly agent?: 'stop' | 'start' | 'restart'
  readonly server?: ServerAction
  /** Another cluster id for the member, which all agents are started with. */
  readonly rename?: string
  /** Seconds by which every clock is moved forward. */
  readonly clock?: number
  readonly expect?: Readonly<Record<string, Expectation>>
  /** Clusters in which the steps of `while` write nothing. */
  readonly quiet?: readonly string[]
  readonly while?: readonly Step[]
}

/** What only an embedded API server can be told. */
export const SERVER_ACTIONS = [
  'stop',
  'start',
  'wipe exchange',
  'remember state',
  'restore state',
  'forget history',
  'refuse exchange',
  'accept exchange',
  'lift limits',
  'install',
] as const
export type ServerAction = (typeof SERVER_ACTIONS)[number]

/** An object of which some fields are given, or placeholders for them. */
export interface Partial {
  readonly kind: string
  readonly apiVersion?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly absent?: boolean
  readonly subresource?: string
  readonly [field: string]: unknown
}

/** What one cluster should have. Every view that is given has to be as it says. */
export interface Expectation {
  /** The ServiceImport of the scenario's service, or `absent`. */
  readonly import?: unknown
  /** Conditions of its ServiceExport by type: `True Exported`, or partial ones. */
  readonly export?: Readonly<Record<string, unknown>>
  /** The derived Service, or `absent`. */
  readonly derived?: unknown
  /** All imported slices by source cluster, in order of family and address; clusters not named have none. */
  readonly slices?: Readonly<Record<string, readonly unknown[]>>
  /** Where kube-proxy sends the traffic of each port: `east 10.1.0.1:8080`, sorted. */
  readonly reaches?: Readonly<Record<string, readonly string[]>>
  /** `<name> <type>` to records, `NODATA` or `NXDOMAIN`. */
  readonly dns?: Readonly<Record<string, unknown>>
  /** State of the links to peers, or partial LinkStatus. */
  readonly links?: Readonly<Record<string, unknown>>
  readonly objects?: readonly Partial[]
}

export interface Scenario {
  /** `<topic>/<name>`: of its file. */
  readonly id: string
  /** A sentence. */
  readonly name: string
  /** Of clauses.yaml. */
  readonly clauses: readonly string[]
  readonly members: Readonly<Record<string, MemberSpec>>
  /** Members that have the namespace from the beginning. */
  readonly namespaces: readonly string[]
  /** It stops or breaks something: no other scenario can run on the same clusters. */
  readonly alone: boolean
  /** Ways in which it cannot be run, and why. */
  readonly leftOut: Readonly<{ [way in Way]?: string }>
  readonly steps: readonly Step[]
}

export const SCENARIO_FOLDER = join(import.meta.dirname, '..')

/** All scenarios, in order of their ids. */
export function loadScenarios(): readonly Scenario[] {
  return globSync('*/*.yaml', { cwd: SCENARIO_FOLDER })
    .sort()
    .map(file => {
      const id = join(dirname(file), basename(file, '.yaml'))
      try {
        const written = parse(readFileSync(join(SCENARIO_FOLDER, file), 'utf8'), { merge: true })
        return scenarioOf(id, writtenOut(written) as Record<string, unknown>)
      } catch (error) {
        throw new Error(`scenario ${id}: ${(error as Error).message}`, { cause: error })
      }
    })
}

const KEYS = new Set(['name', 'clauses', 'members', 'namespaces', 'alone', 'leftOut', 'steps', 'anchors'])
const DEFAULT_MEMBERS = { east: 'IPv4', west: 'IPv4', north: 'IPv4' }

function scenarioOf(id: string, written: Record<string, unknown>): Scenario {
  for (const key of Object.keys(written))
    if (!KEYS.has(key)) throw new Error(`${key} is not a key of a scenario`)
  const members = Object.fromEntries(
    Object.entries((written.members ?? DEFAULT_MEMBERS) as Record<string, unknown>).map(([member, spec]) => [
      member,
      memberOf(spec),
    ]),
  )
  const steps = (written.steps as Record<string, unknown>[]).flatMap(step => stepsOf(step))
  const all = flat(steps)
  const leftOut = { ...(written.leftOut as Scenario['leftOut']) }
  const inside = all.find(step => step.server !== undefined)?.server
  if (inside !== undefined) leftOut.real ??= `an API server is told to ${inside}`
  if (all.some(step => (step.clock ?? 0) > 5)) leftOut.real ??= 'a clock is moved'
  if (Object.values(members).some(m => m.withoutFields.length > 0 || m.trafficDistribution !== undefined))
    leftOut.real ??= 'an API server is of another release'
  if (Object.values(members).some(m => m.reservedPrefixes !== undefined))
    leftOut.real ??= 'an agent has settings of its own'
  // All scenarios after it would meet another member.
  if (all.some(step => step.rename !== undefined)) leftOut.real ??= 'a member is renamed'
  // Sequences only grow: what is forged would stand above all that comes later.
  if (all.some(step => step.patch?.some(({ kind }) => kind === 'ExportIndex')))
    leftOut.real ??= 'an ExportIndex is forged'
  const disturbs = all.some(step => step.agent ?? step.server ?? step.rename ?? (step.clock ?? 0) > 5)
  return {
    id,
    name: written.name as string,
    clauses: written.clauses as string[],
    members,
    namespaces: (written.namespaces as string[] | undefined) ?? Object.keys(members),
    alone: (written.alone as boolean | undefined) ?? disturbs,
    leftOut,
    steps,
  }
}

function memberOf(spec: unknown): MemberSpec {
  const {
    families,
    withoutFields = [],
    ...rest
  } = (typeof spec === 'string' ? { families: spec } : spec) as MemberSpec & { families: string }
  return { families: families.split(/, ?/) as IPFamily[], withoutFields, ...rest }
}

function flat(steps: readonly Step[]): Step[] {
  return steps.flatMap(step => [step, ...flat(step.while ?? [])])
}

/** Writes a step out: lists where one name was given, objects where a shorthand was. */
function stepsOf(written: Record<string, unknown>): Step[] {
  const listed = (value: unknown): string[] =>
    typeof value === 'string' ? value.split(/, ?/) : (value as string[])
  const where = written.in === undefined ? {} : { in: listed(written.in) }
  if (written.export !== undefined) {
    return [{ ...where, create: exportObjects(written.export as ExportShorthand) }]
  }
  if (written.forge !== undefined) return forgedSteps(where, written.forge as ForgeShorthand)
  if (written.unexport !== undefined) {
    const name = written.unexport === true ? 'hello' : written.unexport
    return [{ ...where, delete: [{ kind: 'ServiceExport', metadata: { name } }] }]
  }
  if (written.quiet !== undefined) {
    const steps = (written.while as Record<string, unknown>[]).flatMap(stepsOf)
    return [{ quiet: listed(written.quiet), while: steps }]
  }
  if (written.expect !== undefined) {
    const expect: Record<string, Expectation> = {}
    for (const [clusters, expectation] of Object.entries(written.expect as Record<string, Expectation>)) {
      for (const cluster of listed(clusters)) expect[cluster] = { ...expect[cluster], ...expectation }
    }
    return [{ expect }]
  }
  return [{ ...(written as Step), ...where }]
}

interface ExportShorthand {
  readonly name?: string
  readonly service?: Record<string, unknown>
  /** Addresses, or endpoints; `{from: 10.1.0.0, count: 100}` for many. */
  readonly endpoints?: readonly unknown[] | { from: string; count: number; perSlice?: number }
  /** targetPort numbers by port name; the port's own number unless said. */
  readonly targets?: Record<string, number>
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
}

interface WrittenPort {
  readonly name?: string
  readonly protocol?: string
  readonly port: number
  readonly appProtocol?: string
}

/** A Service without selector, slices of its endpoints, and its ServiceExport. */
function exportObjects(shorthand: ExportShorthand): Partial[] {
  const { name = 'hello', service = {}, endpoints = [], targets = {}, labels, annotations } = shorthand
  const spec: Record<string, unknown> = { ports: [{ name: 'http', port: 80 }], ...service }
  const ports = (spec.ports as WrittenPort[]).map(
    ({ name: port = '', protocol = 'TCP', port: number, appProtocol }) => ({
      name: port,
      protocol,
      port: targets[port] ?? number,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    }),
  )
  return [
    { kind: 'Service', metadata: { name }, spec },
    ...sourceSlices(name, ports, endpoints),
    {
      kind: 'ServiceExport',
      metadata: { name },
      ...((labels ?? annotations)
        ? {
            spec: {
              ...(labels && { exportedLabels: labels }),
              ...(annotations && { exportedAnnotations: annotations }),
            },
          }
        : {}),
    },
  ]
}

interface ForgeShorthand {
  /** Fields of the ExportedService; what is not said is as it should be. */
  readonly record?: Record<string, unknown>
  /** Its ExportedEndpoints by name; one of one endpoint unless said. */
  readonly chunks?: Record<string, Record<string, unknown>>
}

/** Higher than any clock: what is forged is acted on. */
const FORGED_SEQUENCE = 1_999_999_999_999

/** A record and an index that names it, written into an exchange past its agent. */
function forgedSteps(where: Pick<Step, 'in'>, { record, chunks = { forged: {} } }: ForgeShorthand): Step[] {
  const service = { namespace: '<ns>', name: 'hello' }
  const inExchange = (name: string) => ({ namespace: 'isthmus-exchange', name })
  const endpoints = Object.entries(chunks).map(([name, fields]) => ({
    kind: 'ExportedEndpoints',
    metadata: inExchange(`<chunk:${name}>`),
    spec: {
      service,
      addressType: 'IPv4',
      ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
      endpoints: [{ addresses: ['10.1.0.1'], ready: true, serving: true, terminating: false }],
      ...fields,
    },
  }))
  const exported = {
    kind: 'ExportedService',
    metadata: inExchange('hello.<ns>'),
    spec: {
      service,
      exportedAt: '2026-01-01T00:00:00Z',
      type: 'ClusterSetIP',
      ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
      ipFamilies: ['IPv4'],
      sessionAffinity: 'None',
      chunks: Object.keys(chunks).map(name => `<chunk:${name}>`),
      ...record,
    },
  }
  const index = {
    kind: 'ExportIndex',
    metadata: inExchange('index'),
    spec: { sequence: FORGED_SEQUENCE, services: ['<ns>/hello'] },
  }
  return [
    { ...where, create: [...endpoints, exported] },
    { ...where, patch: [index] },
  ]
}

function sourceSlices(
  name: string,
  ports: object[],
  written: NonNullable<ExportShorthand['endpoints']>,
): Partial[] {
  const perSlice = 'count' in written ? (written.perSlice ?? 1000) : 1000
  const all = endpointsOf(written)
  return [
    ...Map.groupBy(all, ({ addresses: [first = ''] }) => (first.includes(':') ? 'IPv6' : 'IPv4')),
  ].flatMap(([addressType, endpoints]) =>
    Array.from({ length: Math.ceil(endpoints.length / perSlice) }, (_, i) => ({
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-${addressType.toLowerCase()}${i === 0 ? '' : `-${i}`}`,
        labels: { 'kubernetes.io/service-name': name },
      },
      addressType,
      ports,
      endpoints: endpoints.slice(i * perSlice, (i + 1) * perSlice),
    })),
  )
}

function endpointsOf(written: NonNullable<ExportShorthand['endpoints']>): { addresses: string[] }[] {
  if (!('count' in written)) {
    return written.map(endpoint =>
      typeof endpoint === 'string'
        ? { addresses: [endpoint], conditions: { ready: true } }
        : (endpoint as { addresses: string[] }),
    )
  }
  const [a = 0, b = 0, c = 0, d = 0] = written.from.split('.').map(Number)
  return Array.from({ length: written.count }, (_, i) => {
    const number = c * 256 + d + i
    return { addresses: [`${a}.${b}.${number >> 8}.${number & 255}`], conditions: { ready: true } }
  })
}
