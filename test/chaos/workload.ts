/** What users do to their own objects meanwhile, in any cluster, without regard for the state of anything. */
import { ENDPOINT_SLICES, NAMESPACES, SERVICE_EXPORTS, SERVICES } from '@isthmus/api'
import { type LocalObject, StatusError } from '@isthmus/apiserver'
import type { ChaosMember } from './member.ts'
import type { Random } from './random.ts'

/** Its exports stay as they are all through a storm: whatever happens, they must be imported everywhere. */
export const STEADY = 'steady'
/** Its objects change all the time. */
const BUSY = 'busy'
/** Comes and goes. */
const FLEETING = 'fleeting'

const NAMES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta'] as const
export const STEADY_SERVICES = ['one', 'two', 'three'] as const

/** Addresses of a steady service in that member. */
export function steadyAddresses(member: number, service: number): readonly string[] {
  return [1, 2, 3].map(n => `10.${member + 1}.${service + 1}.${n}`)
}

/** `services` more than the steady ones, for a member that is to have many. */
export function prepare(member: ChaosMember, index: number, services: number): void {
  namespace(member, STEADY)
  namespace(member, BUSY)
  for (const [i, name] of STEADY_SERVICES.entries()) exported(member, STEADY, name, steadyAddresses(index, i))
  for (let i = 0; i < services; i++) exported(member, BUSY, `bulk-${i}`, [`10.${100 + index}.0.${i + 1}`])
}

type Act = (member: ChaosMember, random: Random) => void

/** Each names what it does; done to what is not there, or is there already, it does nothing. */
const ACTS: Readonly<Record<string, Act>> = {
  'export a service': (member, random) =>
    exported(member, BUSY, random.pick(NAMES), someAddresses(random), { port: random.pick([80, 81]) }),
  'export a headless service': (member, random) =>
    exported(member, BUSY, random.pick(NAMES), someAddresses(random), { headless: true }),
  unexport: (member, random) => remove(member, SERVICE_EXPORTS, BUSY, random.pick(NAMES)),
  'delete a service': (member, random) => {
    const name = random.pick(NAMES)
    remove(member, SERVICES, BUSY, name)
    remove(member, ENDPOINT_SLICES, BUSY, `${name}-x`)
  },
  'change endpoints': (member, random) => {
    const name = `${random.pick(NAMES)}-x`
    const endpoints = endpointsOf(someAddresses(random))
    patch(member, ENDPOINT_SLICES, BUSY, name, { endpoints })
  },
  'add a port': (member, random) =>
    patch(member, SERVICES, BUSY, random.pick(NAMES), {
      spec: {
        ports: [
          { name: 'http', port: 80 },
          { name: 'admin', port: 8080 },
        ],
      },
    }),
  'change the affinity': (member, random) =>
    patch(member, SERVICES, BUSY, random.pick(NAMES), {
      spec: { sessionAffinity: random.pick(['None', 'ClientIP']) },
    }),
  'make a namespace': member => namespace(member, FLEETING),
  'delete a namespace': member => remove(member, NAMESPACES, undefined, FLEETING),
  'export from a namespace that comes and goes': (member, random) =>
    exported(member, FLEETING, random.pick(NAMES), someAddresses(random)),
}

/** One change somewhere. Returns what was done, for the log. */
export function change(members: readonly ChaosMember[], random: Random): string {
  const member = random.pick(members)
  const what = random.pick(Object.keys(ACTS))
  try {
    ACTS[what]?.(member, random)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
  }
  return `${member.id}: ${what}`
}

interface Shape {
  readonly port?: number
  readonly headless?: boolean
}

function exported(
  member: ChaosMember,
  namespaceName: string,
  name: string,
  addresses: readonly string[],
  { port = 80, headless = false }: Shape = {},
): void {
  const { local } = member.server
  const metadata = { namespace: namespaceName, name }
  const spec = { ports: [{ name: 'http', port }], ...(headless ? { clusterIP: 'None' } : {}) }
  create(() => local.create(SERVICES, { metadata, spec } as LocalObject))
  create(() =>
    local.create(ENDPOINT_SLICES, {
      metadata: { ...metadata, name: `${name}-x`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
      endpoints: endpointsOf(addresses),
    } as LocalObject),
  )
  create(() => local.create(SERVICE_EXPORTS, { metadata } as LocalObject))
}

function namespace({ server }: ChaosMember, name: string): void {
  create(() => server.local.create(NAMESPACES, { metadata: { name } }))
}

/** What is there stays as it is. */
function create(act: () => unknown): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
  }
}

function patch(
  member: ChaosMember,
  type: { group: string; plural: string },
  ns: string,
  name: string,
  by: object,
) {
  member.server.local.patch(type, ns, name, by as never)
}

function remove(
  member: ChaosMember,
  type: { group: string; plural: string },
  ns: string | undefined,
  name: string,
): void {
  member.server.local.delete(type, ns, name)
}

function endpointsOf(addresses: readonly string[]) {
  return addresses.map(address => ({
    addresses: [address],
    conditions: { ready: true, serving: true, terminating: false },
  }))
}

function someAddresses(random: Random): readonly string[] {
  return Array.from({ length: random.integer(0, 5) }, (_, i) => `10.200.${random.integer(0, 255)}.${i + 1}`)
}
