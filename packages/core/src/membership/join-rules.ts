/** May this cluster join? An ordered list of rules; each sees all facts and tells every problem it finds. */
import { isDNSLabel } from '../check/formats.ts'
import { overlap, parseCIDR } from './cidrs.ts'
import type { AnnouncedAccess, JoinFacts, Problem, RegisteredMember } from './join-facts.ts'

export type JoinRule = (facts: JoinFacts) => readonly Problem[]

/** The oldest that serves what is needed: the fields of derived Services, CRD validation by CEL. */
const OLDEST_MINOR = 30

export const JOIN_RULES: readonly JoinRule[] = [
  idIsALabel,
  idIsFree,
  notAMemberUnderAnotherId,
  identityIsTheSame,
  notLeaving,
  memberOfThisRegistry,
  versionIsServed,
  noRangeOverlaps,
  serverIsVerified,
  serverIsTheOneMeant,
  serverCanBeReached,
  registryCanBeReached,
  onlyImplementation,
  nothingInTheWay,
]

/** All that stands in the way of joining; nothing if the cluster may. */
export function joinProblems(facts: JoinFacts): readonly Problem[] {
  return JOIN_RULES.flatMap(rule => rule(facts))
}

function idIsALabel({ clusterId }: JoinFacts): Problem[] {
  if (isDNSLabel(clusterId)) return []
  return [
    {
      reason: 'IdInvalid',
      message: `"${clusterId}" cannot be a cluster id`,
      remedy: 'Use one RFC 1123 label: lower-case letters, digits and hyphens, at most 63, such as east-1.',
    },
  ]
}

function idIsFree({ clusterId, cluster, registry }: JoinFacts): Problem[] {
  const holder = registry.members.find(member => member.clusterId === clusterId)
  if (holder === undefined || uidOf(holder) === undefined || uidOf(holder) === cluster.uid) return []
  return [
    {
      reason: 'IdInUse',
      message: `another cluster${at(holder)} is the member ${clusterId} of ${registry.clusterset}`,
      remedy: `Join with another --cluster-id. If that cluster is gone for good: isthmus leave --cluster-id ${clusterId}.`,
    },
  ]
}

function notAMemberUnderAnotherId({ clusterId, cluster, registry }: JoinFacts): Problem[] {
  const itself = registry.members.find(
    member => uidOf(member) === cluster.uid && member.clusterId !== clusterId,
  )
  if (itself === undefined) return []
  return [
    {
      reason: 'MemberUnderAnotherId',
      message: `this cluster is the member ${itself.clusterId} of ${registry.clusterset} already`,
      remedy: `Join as ${itself.clusterId}; or leave first: a change of id is a leave and a join.`,
    },
  ]
}

function identityIsTheSame({ clusterId, cluster, registry }: JoinFacts): Problem[] {
  const { identity, membership } = cluster
  const id = membership?.clusterId ?? identity.clusterId
  const set = membership?.clusterset ?? identity.clusterset
  const isTold = registry.members.some(member => uidOf(member) === cluster.uid && member.clusterId === id)
  const leave = 'leave first (isthmus leave); a change of id or ClusterSet is a leave and a join.'
  return [
    ...(id === undefined || id === clusterId || isTold
      ? []
      : [
          {
            reason: 'IdentityDiffers',
            message: `this cluster has the id ${id} (ClusterProperty cluster.clusterset.k8s.io), not ${clusterId}`,
            remedy: `Join as ${id}; or ${leave}`,
          },
        ]),
    ...(set === undefined || set === registry.clusterset
      ? []
      : [
          {
            reason: 'MemberOfAnotherSet',
            message: `this cluster belongs to the ClusterSet ${set} (ClusterProperty clusterset.k8s.io), not ${registry.clusterset}`,
            remedy: `To move it, ${leave}`,
          },
        ]),
  ]
}

function notLeaving({ cluster: { membership } }: JoinFacts): Problem[] {
  if (membership?.state !== 'leaving') return []
  return [
    {
      reason: 'Leaving',
      message: `this cluster is leaving ${membership.clusterset}, and that has not been finished`,
      remedy: 'Run isthmus leave again until it is done, then join.',
    },
  ]
}

/** A set of the same name in another registry, or in one that was made anew, is another set. */
function memberOfThisRegistry({ clusterId, cluster: { membership }, registry }: JoinFacts): Problem[] {
  if (membership === undefined || membership.clusterset !== registry.clusterset) return []
  const profile = registry.members.find(member => member.clusterId === clusterId)
  if (membership.clusterId !== clusterId || membership.profileUID === profile?.profileUID) return []
  return [
    {
      reason: 'MemberElsewhere',
      message: `this cluster is a member of ${membership.clusterset} already, but this registry does not know that membership: it is another registry, was made anew, or the member was removed from it`,
      remedy: 'Name the registry that it joined; or clean up with isthmus leave, then join.',
    },
  ]
}

function versionIsServed({ cluster: { version } }: JoinFacts): Problem[] {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  if (Number(major) > 1 || (Number(major) === 1 && Number(minor) >= OLDEST_MINOR)) return []
  return [
    {
      reason: 'KubernetesTooOld',
      message: `this cluster runs Kubernetes ${version}; 1.${OLDEST_MINOR} or later is needed`,
      remedy: 'Upgrade the cluster.',
    },
  ]
}

/** Pods are called by their own addresses across clusters, so those of two members may not be the same. */
function noRangeOverlaps({ clusterId, cluster, registry }: JoinFacts): Problem[] {
  const own = [...named('pod', cluster.podCIDRs), ...named('node', cluster.nodeCIDRs)]
  return registry.members
    .filter(member => member.clusterId !== clusterId && uidOf(member) !== cluster.uid)
    .flatMap(member => {
      const theirs = [...named('pod', member.podCIDRs), ...named('node', member.nodeCIDRs)]
      return own.flatMap(mine =>
        theirs
          // Nodes of two clusters may share a network; they are not called through an import.
          .filter(other => (mine.what === 'pod' || other.what === 'pod') && overlap(mine.range, other.range))
          .map(other => ({
            reason: 'RangeOverlaps',
            message: `its ${mine.what} addresses ${mine.cidr} overlap the ${other.what} addresses ${other.cidr} of ${member.clusterId}`,
            remedy:
              'Give one of the clusters other ranges; if a range is not in use, say which are with --pod-cidrs.',
          })),
      )
    })
}

function named(what: 'pod' | 'node', cidrs: readonly string[]) {
  return cidrs.flatMap(cidr => {
    const range = parseCIDR(cidr)
    return range === undefined ? [] : [{ what, cidr, range }]
  })
}

function serverIsVerified({ access, registry }: JoinFacts): Problem[] {
  return [
    ...unverified(access, 'this cluster', '--server and --certificate-authority'),
    ...unverified(registry.access, 'the registry', '--registry-server and --registry-certificate-authority'),
  ]
}

function unverified(
  { server, certificateAuthority, insecure = false }: AnnouncedAccess,
  whose: string,
  flags: string,
): Problem[] {
  if (!server.startsWith('https:')) {
    const message = `the API server of ${whose}, ${server}, is not reached over TLS: whoever listens could take its credentials`
    return [{ reason: 'ServerWithoutTLS', message, remedy: `Name one that is, with ${flags}.` }]
  }
  if (!insecure || certificateAuthority !== undefined) return []
  const message = `the kubeconfig does not verify the API server of ${whose} (insecure-skip-tls-verify): there is no authority that others could verify it by`
  return [{ reason: 'NoCertificateAuthority', message, remedy: `Give its authority with ${flags}.` }]
}

/** That it does not answer here need not mean that it does not answer there; that it is another, does. */
function serverIsTheOneMeant({ access, probe }: JoinFacts): Problem[] {
  if (probe.reached || !probe.isTLS || access.insecure === true) return []
  const message = `${access.server} cannot be verified by the authority that would be announced: ${probe.words}`
  return [
    { reason: 'ServerNotVerified', message, remedy: 'Give the right one with --certificate-authority.' },
  ]
}

/** Unless all of them run on one machine. */
function serverCanBeReached({ clusterId, access, registry }: JoinFacts): Problem[] {
  const others = registry.members.filter(member => member.clusterId !== clusterId)
  const allLocal =
    isLoopback(registry.access.server) &&
    others.every(member => member.access === undefined || isLoopback(member.access.server))
  if (!isOnlyLocal(access.server) || (isLoopback(access.server) && allLocal)) return []
  return [
    {
      reason: 'ServerNotReachable',
      message: `other clusters cannot reach this cluster's API server at ${access.server}: that address means something else to each of them`,
      remedy:
        'Give the address at which they reach it with --server, and its authority with --certificate-authority.',
    },
  ]
}

function registryCanBeReached({ access, registry }: JoinFacts): Problem[] {
  if (!isOnlyLocal(registry.access.server) || isLoopback(access.server)) return []
  return [
    {
      reason: 'RegistryNotReachable',
      message: `the agent of this cluster cannot reach the registry at ${registry.access.server}: that address means something else there`,
      remedy:
        'Give the address at which it reaches the registry with --registry-server, and its authority with --registry-certificate-authority.',
    },
  ]
}

/** A name or address that only the machine, or only the cluster itself, knows. */
function isOnlyLocal(server: string): boolean {
  return isLoopback(server) || /(^|\.)(svc|cluster\.local)$|^kubernetes(\.default)?$/.test(hostOf(server))
}

function isLoopback(server: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0|\[::\])$/.test(hostOf(server))
}

function hostOf(server: string): string {
  return URL.canParse(server) ? new URL(server).hostname : ''
}

function onlyImplementation({ cluster: { otherImplementations } }: JoinFacts): Problem[] {
  return otherImplementations.map(({ name, example }) => ({
    reason: 'OtherImplementation',
    message: `another implementation of the Multi-Cluster Services API, ${name}, is at work in this cluster: it wrote ${example}`,
    remedy: 'Two of them would undo each other: switch that one off and delete what it made, then join.',
  }))
}

function nothingInTheWay({ cluster, registry }: JoinFacts): Problem[] {
  const problem = (where: string) => (refusal: { message: string; remedy: string }) => ({
    reason: 'InTheWay',
    message: `${where}: ${refusal.message}`,
    remedy: refusal.remedy,
  })
  return [
    ...cluster.refusals.map(problem('in this cluster')),
    ...registry.refusals.map(problem('in the registry')),
  ]
}

/** What an administrator wrote counts for more than what the member says. */
function uidOf({ registeredUID, clusterUID }: RegisteredMember): string | undefined {
  return registeredUID ?? clusterUID
}

function at({ access }: RegisteredMember): string {
  return access === undefined ? '' : ` (${access.server})`
}
