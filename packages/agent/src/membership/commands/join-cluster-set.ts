import { errorOf, LABEL_CLUSTERSET, NAMESPACES } from '@isthmus/api'
import {
  type AnnouncedAccess,
  chooseRegistry,
  type JoinFacts,
  joinProblems,
  type Problem,
  type RegistryFacts,
  rangesCondition,
} from '@isthmus/core'
import type { ClusterClient } from '@isthmus/kube'
import { applyPlan, type Plan, planObjects } from '../../install/apply-objects.ts'
import { installInto, whenEstablished } from '../../install/install.ts'
import { installedNamespaces } from '../../install/installed-namespaces.ts'
import { installObjects } from '../../install/objects.ts'
import { memberObjects, registryObjects } from '../registry-objects.ts'
import { probeServer } from './access.ts'
import { clusterFacts, membershipOf } from './cluster-facts.ts'
import { ERRORS } from './errors.ts'
import { listProfiles, registeredMember } from './find-registry.ts'
import { issueMissingCredentials } from './first-credentials.ts'
import { registryDefinitions } from './init-registry.ts'
import { writeMembership } from './own-membership.ts'
import { announce, claimProfile, registerMember } from './register.ts'

export interface JoinOptions {
  /** The cluster that joins, as an administrator. */
  readonly client: ClusterClient
  /** The registry, as an administrator. */
  readonly registry: ClusterClient
  readonly clusterId: string
  /** Needed only where the registry keeps several. */
  readonly clusterset?: string | undefined
  /** How the other members reach the cluster's API server. */
  readonly access: AnnouncedAccess
  /** How its agent reaches the registry. */
  readonly registryAccess: AnnouncedAccess
  /** Instead of those that its nodes have. */
  readonly podCIDRs?: readonly string[] | undefined
  readonly agentNamespace?: string | undefined
  readonly exchangeNamespace?: string | undefined
  readonly coredns?: boolean | undefined
  /** What is done, a sentence each. */
  readonly onProgress?: ((message: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Joined {
  readonly clusterset: string
  readonly clusterId: string
  /** The registry's. */
  readonly namespace: string
  /** The other members. */
  readonly peers: readonly string[]
  /** What a person should know: something that could not be checked. */
  readonly notes: readonly string[]
}

/**
 * Makes a cluster a member: all but its agent, which is to be started then. Whatever is in the way is told
 * before anything is changed. May be interrupted anywhere and repeated; where all is done it writes nothing.
 *
 * @throws IsthmusError ISTHMUS_JOIN_REFUSED, of the installation, or the client's errors
 */
export async function joinClusterSet(options: JoinOptions): Promise<Joined> {
  const { client, registry, clusterId, signal, onProgress = () => {} } = options
  const { agentNamespace, exchangeNamespace } = await installedNamespaces(client, options, signal)
  const selection = { agentNamespace, exchangeNamespace, coredns: options.coredns }

  const { facts, plans } = await check(options, selection)
  const { clusterset, namespace } = facts.registry
  const { podCIDRs, nodeCIDRs, serviceCIDRs, ipFamilies } = facts.cluster
  const { insecure: _, ...access } = options.access
  onProgress(`checked: ${clusterId} may join ${clusterset}`)

  await installInto(client, { ...selection, plan: plans.cluster, signal })
  onProgress('kinds, namespaces, accounts and permissions are in the cluster')

  await applyPlan(registry, plans.registry, { signal })
  await whenEstablished(registry, registryDefinitions(), { signal })
  const claim = { namespace, clusterId, clusterUID: facts.cluster.uid, signal }
  const profile = await claimProfile(registry, claim)
  const peers = await registerMember(registry, { namespace, clusterId, planned: plans.member, signal })
  onProgress(`registered in ${namespace}, at ${registry.server}`)

  await writeMembership({
    client,
    agentNamespace,
    record: {
      clusterset,
      clusterId,
      profileUID: profile.metadata.uid ?? '',
      joinedAt: facts.cluster.membership?.joinedAt ?? new Date().toISOString(),
      state: 'member',
      access,
      profile: { podCIDRs, nodeCIDRs, serviceCIDRs, ipFamilies },
    },
    registry: { client: registry, access: options.registryAccess, namespace },
    signal,
  })
  await issueMissingCredentials({
    client,
    registry,
    namespace,
    clusterId,
    exchangeNamespace,
    access,
    accessBefore: facts.cluster.membership?.access,
    peers,
    signal,
  })
  await announce(registry, profile, facts, { exchangeNamespace, access, signal })
  onProgress(peers.length === 0 ? 'the first member' : `announced to ${peers.map(nameOf).join(', ')}`)
  const notes = [...notesOn(facts), ...(await unreachable(facts, signal))]
  return { clusterset, clusterId, namespace, peers: peers.map(nameOf), notes }
}

/** From here: the proof is that their agents and this one's say so. */
async function unreachable(
  { clusterId, registry }: JoinFacts,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const others = registry.members.filter(member => member.clusterId !== clusterId)
  const notes = await Promise.all(
    others.map(async ({ clusterId: peer, access }) => {
      if (access === undefined) return []
      const probe = await probeServer(access, signal)
      if (probe.reached) return []
      return [`the API server of ${peer}, ${access.server}, does not answer this machine: ${probe.words}`]
    }),
  )
  return notes.flat()
}

function nameOf({ clusterId }: { clusterId: string }): string {
  return clusterId
}

/** What is to be written, decided before anything is. */
interface Plans {
  readonly cluster: Plan
  readonly registry: Plan
  readonly member: { readonly plan: Plan; readonly members: readonly string[] }
}

interface Selection {
  readonly agentNamespace: string
  readonly exchangeNamespace: string
  readonly coredns: boolean | undefined
}

/** Reads all there is to know, and throws if a rule says no. */
async function check(
  options: JoinOptions,
  selection: Selection,
): Promise<{ facts: JoinFacts; plans: Plans }> {
  const { client, clusterId, podCIDRs, signal } = options
  const plan = planObjects(client, installObjects(selection), signal)
  const [cluster, registry, probe, elsewhere] = await Promise.all([
    clusterFacts({ client, plan, podCIDRs, agentNamespace: selection.agentNamespace, signal }),
    lookAtRegistry(options),
    probeServer(options.access, signal),
    installedElsewhere(client, selection, signal),
  ])
  const isKnown = !('problem' in registry)
  const facts: JoinFacts = {
    clusterId,
    access: options.access,
    probe,
    cluster,
    registry: isKnown ? registry.facts : unknownRegistry(options, cluster.identity.clusterset),
  }
  const problems = [...(isKnown ? [] : [registry.problem]), ...elsewhere, ...joinProblems(facts)]
  if (!isKnown || problems.length > 0) throw refusal(facts, problems)
  return { facts, plans: { ...registry.plans, cluster: await plan } }
}

/** A member keeps its namespaces: what lies in the ones it has would be left behind. */
async function installedElsewhere(
  client: ClusterClient,
  { agentNamespace, exchangeNamespace }: Selection,
  signal: AbortSignal | undefined,
): Promise<Problem[]> {
  const there = await installedNamespaces(client, {}, signal)
  const isSame = there.agentNamespace === agentNamespace && there.exchangeNamespace === exchangeNamespace
  if (isSame || (await membershipOf(client, there.agentNamespace, signal)) === undefined) return []
  return [
    {
      reason: 'InstalledElsewhere',
      message: `this cluster is a member with the namespaces ${there.agentNamespace} and ${there.exchangeNamespace}`,
      remedy:
        'Join without --agent-namespace and --exchange-namespace: the cluster knows them. Others need a leave and a join.',
    },
  ]
}

type LookedAt = { facts: RegistryFacts; plans: Omit<Plans, 'cluster'> } | { problem: Problem }

async function lookAtRegistry(options: JoinOptions): Promise<LookedAt> {
  const { registry: client, clusterset, registryAccess: access, clusterId, signal } = options
  const { items } = await client.list(NAMESPACES, { labelSelector: LABEL_CLUSTERSET, signal })
  const choice = chooseRegistry(items, clusterset)
  if ('reason' in choice) return { problem: choice }
  const { namespace } = choice
  const members = (await listProfiles(client, namespace, signal)).map(registeredMember)
  const ids = [...new Set([...members.map(nameOf), clusterId])].sort()
  const base = [registryDefinitions(), ...registryObjects(choice.clusterset, namespace)]
  const [registry, plan] = await Promise.all([
    planObjects(client, base, signal),
    planObjects(client, memberObjects(namespace, clusterId, ids), signal),
  ])
  const refusals = [...registry.refusals, ...plan.refusals]
  return {
    facts: { ...choice, access, members, refusals },
    plans: { registry, member: { plan, members: ids } },
  }
}

/** As far as the other rules go: so that all problems are told at once. */
function unknownRegistry(
  { registryAccess, clusterset }: JoinOptions,
  own: string | undefined,
): RegistryFacts {
  return {
    clusterset: clusterset ?? own ?? '',
    namespace: '',
    access: registryAccess,
    members: [],
    refusals: [],
  }
}

function refusal({ clusterId, registry }: JoinFacts, problems: readonly Problem[]) {
  const [only, ...more] = problems
  const list = problems.map(({ message, remedy }) => `\n  - ${message}.\n    ${remedy}`).join('')
  return errorOf(ERRORS.joinRefused, {
    clusterId,
    clusterset: registry.clusterset || 'the ClusterSet',
    problems: more.length === 0 ? (only?.message ?? '') : `there are ${problems.length} reasons:${list}`,
    remedy: more.length === 0 ? (only?.remedy ?? '') : 'Do what each line says, then join again.',
  })
}

function notesOn({ cluster, probe, access }: JoinFacts): string[] {
  const { status, message } = rangesCondition(cluster)
  return [
    ...(status === 'False' ? [message] : []),
    ...(cluster.podCIDRs.length > 0
      ? []
      : [
          "the nodes do not tell the pods' address ranges, so their overlap was not checked; --pod-cidrs says them",
        ]),
    ...(probe.reached
      ? []
      : [
          `${access.server} does not answer this machine (${probe.words}); the other members have to reach it`,
        ]),
  ]
}
