/** The clusters behind the contexts of a kubeconfig: which are members, which are not, which do not answer. */
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type GivenNamespaces, installedNamespaces, type Namespaces } from '@isthmus/agent'
import { CLUSTER_PROPERTIES, NAMESPACES, PROPERTY_CLUSTER_ID, PROPERTY_CLUSTERSET } from '@isthmus/api'
import { isDNSLabel, type Outsider, type UnreachableContext } from '@isthmus/core'
import {
  type ClusterClient,
  connect,
  isForbidden,
  isNotFound,
  listContexts,
  loadCredentials,
} from '@isthmus/kube'
import type { CommandContext } from '../context.ts'
import { whyNot } from './reading.ts'

export interface ContextFlags extends GivenNamespaces {
  kubeconfig?: string
  /** `a,b`; unset: all. */
  context?: string
  /** Seconds that one cluster may take. */
  timeout: number
}

/** A cluster that is a member of a ClusterSet. */
export interface MemberContext {
  readonly context: string
  /** What a command for it begins with. */
  readonly kubectl: string
  readonly server: string
  readonly client: ClusterClient
  readonly clusterId: string
  /** Empty: not known. */
  readonly clusterset: string
  readonly installedIn: Namespaces
  /** Its ClusterProperties may not be read: it is taken for the member with the name of its context. */
  readonly isAssumed: boolean
  /** This machine's clock, and the API server's where it says. */
  readonly clocks: readonly number[]
}

export interface ReachedContexts {
  readonly members: readonly MemberContext[]
  readonly unreachable: readonly UnreachableContext[]
  readonly outsiders: readonly (Outsider & { readonly client: ClusterClient })[]
}

type Reached =
  | { readonly kind: 'member'; readonly member: MemberContext; readonly uid: string }
  | { readonly kind: 'outsider'; readonly outsider: Outsider & { readonly client: ClusterClient } }
  | { readonly kind: 'unreachable'; readonly unreachable: UnreachableContext }

/** The contexts that a command looks at. They are opened once, and asked anew with each look. `close` them. */
export class Contexts {
  readonly #timeoutMs: number
  readonly #namespaces: GivenNamespaces
  readonly #openers: readonly { context: string; kubectl: string; open: () => ClusterClient }[]
  readonly #clients = new Map<string, ClusterClient>()

  /** @throws IsthmusError when there is no kubeconfig, or it cannot be read. */
  constructor(flags: ContextFlags, { cwd, env }: Pick<CommandContext, 'cwd' | 'env'>) {
    const kubeconfig = flags.kubeconfig === undefined ? undefined : resolve(cwd, flags.kubeconfig)
    const { names, current } = listContexts({ kubeconfig, environment: env })
    const wanted = flags.context?.split(',').map(name => name.trim()) ?? inOrder(names, current)
    this.#timeoutMs = flags.timeout * 1000
    this.#namespaces = flags
    // Without a kubeconfig there is one cluster: the one around this pod.
    this.#openers = (wanted.length === 0 ? [undefined] : wanted).map(name => ({
      context: name ?? '',
      kubectl: kubectlFor(flags.kubeconfig, name),
      open: () => this.#open(kubeconfig, name, env),
    }))
  }

  /** Asks all of them at once; none holds the others up for longer than the time it is given. */
  async reach(): Promise<ReachedContexts> {
    const reached = await Promise.all(
      this.#openers.map(({ context, kubectl, open }) =>
        reach(context, kubectl, open, this.#timeoutMs, this.#namespaces),
      ),
    )
    return sorted(reached)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map(client => client.close()))
  }

  #open(
    kubeconfig: string | undefined,
    name: string | undefined,
    environment: CommandContext['env'],
  ): ClusterClient {
    const known = this.#clients.get(name ?? '')
    if (known !== undefined) return known
    const credentials = loadCredentials({ kubeconfig, context: name, environment })
    const client = connect(credentials, { userAgent: 'isthmus-cli', requestTimeoutMs: this.#timeoutMs })
    this.#clients.set(name ?? '', client)
    return client
  }
}

/** The current context first: of two that lead to one cluster, it is the one that is shown. */
function inOrder(names: readonly string[], current: string | undefined): readonly string[] {
  return current === undefined || !names.includes(current)
    ? names
    : [current, ...names.filter(name => name !== current)]
}

function sorted(reached: readonly Reached[]): ReachedContexts {
  const members = new Map<string, MemberContext>()
  for (const one of reached) {
    if (one.kind === 'member' && !members.has(one.uid)) members.set(one.uid, one.member)
  }
  return {
    members: withSets([...members.values()]).sort((a, b) => (a.clusterId < b.clusterId ? -1 : 1)),
    unreachable: reached.flatMap(one => (one.kind === 'unreachable' ? [one.unreachable] : [])),
    outsiders: reached.flatMap(one => (one.kind === 'outsider' ? [one.outsider] : [])),
  }
}

/** A member whose set may not be read is taken for one of the only set that was read. */
function withSets(members: readonly MemberContext[]): MemberContext[] {
  const [clusterset, ...others] = new Set(members.map(one => one.clusterset).filter(set => set !== ''))
  if (clusterset === undefined || others.length > 0) return [...members]
  return members.map(one => (one.isAssumed ? { ...one, clusterset } : one))
}

async function reach(
  context: string,
  kubectl: string,
  open: () => ClusterClient,
  timeoutMs: number,
  given: GivenNamespaces,
): Promise<Reached> {
  let server = '-'
  const unreachable = (why: string): Reached => ({
    kind: 'unreachable',
    unreachable: { context, kubectl, server, why },
  })
  try {
    const client = open()
    server = client.server
    // A plugin for credentials may wait for a person: that is bounded too.
    const late = delay(timeoutMs + 500, unreachable(`no answer within ${timeoutMs / 1000} s`), { ref: false })
    return await Promise.race([late, identify(context, kubectl, client, given)])
  } catch (error) {
    return unreachable(whyNot(error))
  }
}

async function identify(
  context: string,
  kubectl: string,
  client: ClusterClient,
  given: GivenNamespaces,
): Promise<Reached> {
  const { server } = client
  const { headers } = await client.raw('/version')
  const [properties, systemNamespace, namespaces] = await Promise.all([
    identityOf(client),
    client.get(NAMESPACES, 'kube-system').catch(() => undefined),
    installedNamespaces(client, given),
  ])
  const isPrepared = await client.get(NAMESPACES, namespaces.agentNamespace).then(
    () => true,
    () => false,
  )
  const { clusterId = properties === undefined ? labelOf(context) : undefined, clusterset = '' } =
    properties ?? {}
  if (clusterId === undefined)
    return { kind: 'outsider', outsider: { context, kubectl, server, prepared: isPrepared, client } }
  // It becomes part of commands to paste: what its administrator wrote there is checked first.
  if (!isDNSLabel(clusterId)) {
    const why = `its ClusterProperty ${PROPERTY_CLUSTER_ID} is no cluster id`
    return { kind: 'unreachable', unreachable: { context, kubectl, server, why } }
  }
  const there = Date.parse(headers.date ?? '')
  return {
    kind: 'member',
    uid: systemNamespace?.metadata.uid ?? server,
    member: {
      context,
      kubectl,
      server,
      client,
      clusterId,
      clusterset,
      installedIn: namespaces,
      isAssumed: properties === undefined,
      clocks: [Date.now(), ...(Number.isNaN(there) ? [] : [there])],
    },
  }
}

/** The name of a context, as far as it can be that of a member. */
function labelOf(context: string): string {
  return isDNSLabel(context) ? context : 'unknown'
}

/** Undefined: it may not be read. */
async function identityOf(
  client: ClusterClient,
): Promise<{ clusterId: string | undefined; clusterset: string | undefined } | undefined> {
  const property = (name: string) =>
    client.get(CLUSTER_PROPERTIES, name).then(
      ({ spec }) => spec.value,
      error => {
        if (isNotFound(error)) return undefined
        throw error
      },
    )
  try {
    const [clusterId, clusterset] = await Promise.all([
      property(PROPERTY_CLUSTER_ID),
      property(PROPERTY_CLUSTERSET),
    ])
    return { clusterId, clusterset }
  } catch (error) {
    if (isForbidden(error)) return undefined
    throw error
  }
}

function kubectlFor(kubeconfig: string | undefined, context: string | undefined): string {
  const file = kubeconfig === undefined ? '' : ` --kubeconfig ${quoted(kubeconfig)}`
  return `kubectl${file}${context === undefined ? '' : ` --context ${quoted(context)}`}`
}

/** For a POSIX shell; what needs no quotes gets none. */
export function quoted(text: string): string {
  return /^[\w./~+:@%-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
