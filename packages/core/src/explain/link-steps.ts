/** From a member's index to the agent that reads it. */
import { EXCHANGE_NAMESPACE } from '@isthmus/api'
import type { Refusal } from '../check/check-record.ts'
import { objectionToIndex } from '../member/contribution.ts'
import { type ClusterReading, type LinkMemory, readValue } from './facts.ts'
import { duration } from './heartbeat.ts'
import type { Pair } from './importer.ts'
import { broken, known, ok, type Step, unknown, type Verdict, warning } from './verdict.ts'

/** A new sequence is remembered some seconds after it was read: until then the memory says nothing of it. */
export const SEQUENCE_GRACE_MS = 15_000

/** What is behind a link that does not work, by the words of its agent. The first that applies. */
const WAYS_OUT: readonly (readonly [
  reason: RegExp,
  way: (
    reader: ClusterReading,
    peer: ClusterReading | undefined,
    peerId: string,
  ) => readonly [string, string],
])[] = [
  [
    /\(401|expired|credential/i,
    (reader, _, peerId) => [
      `Give cluster ${reader.clusterId} new credentials for ${peerId}. A peer given by --peer takes them from its kubeconfig.`,
      relink(reader, peerId),
    ],
  ],
  [
    /\(40[34]/,
    (reader, peer, peerId) =>
      reader.isJoined
        ? [
            `Let ${peerId} make anew what lets ${reader.clusterId} read its exchange; if the kinds are gone, too, \`isthmus join\` makes them.`,
            relink(reader, peerId),
          ]
        : [
            `Install what lets peers read the exchange of ${peerId}, then look at the ServiceAccount that this link uses.`,
            peer === undefined ? `isthmus install --context ${peerId}` : isthmus(peer, 'install'),
          ],
  ],
  [
    /went back|malformed|calls itself|published nothing|silent/,
    (_, peer, peerId) => [
      `See that the agent of ${peerId} runs, and that it alone writes that exchange.`,
      `${peer?.kubectl ?? `kubectl --context ${peerId}`} -n ${peer?.installedIn.exchangeNamespace ?? EXCHANGE_NAMESPACE} get exportindexes,leases`,
    ],
  ],
  [
    /refuses connections|cannot be (reached|resolved)|not answer|no route|cut/,
    (reader, peer, peerId) => (peer === undefined ? seeThatItRuns(peer, peerId) : seeBetween(reader, peer)),
  ],
  [/certificate|overloaded/, (_, peer, peerId) => seeThatItRuns(peer, peerId)],
]

function seeThatItRuns(peer: ClusterReading | undefined, peerId: string): readonly [string, string] {
  return [
    `See that the API server of ${peerId} runs and can be reached from the agent.`,
    `${peer?.kubectl ?? `kubectl --context ${peerId}`} get --raw /readyz`,
  ]
}

/** It answered whoever explains: from where the agent is, it does not. */
function seeBetween(
  reader: ClusterReading,
  { clusterId, server }: ClusterReading,
): readonly [string, string] {
  return [
    `The API server of ${clusterId} answers from here: see what is between it and the agent of ${reader.clusterId}, as addresses, routes and firewalls; and try it from a pod there.`,
    `${reader.kubectl} run try --rm -it --restart=Never --image=curlimages/curl -- curl -skm 5 ${server}/readyz`,
  ]
}

function isthmus({ kubectl }: ClusterReading, command: string): string {
  return kubectl.replace(/^kubectl/, `isthmus ${command}`)
}

type Joined = Pick<ClusterReading, 'clusterId' | 'isJoined' | 'readers'>

/** The peer has no account any more for who reads it. Also for `isthmus status`. */
export function isRevoked(reader: Joined, peer: Joined | undefined): boolean {
  if (peer === undefined || !reader.isJoined || !peer.isJoined) return false
  return readValue(peer.readers)?.includes(reader.clusterId) === false
}

function relink(reader: ClusterReading, peerId: string): string {
  return `${isthmus(reader, 'relink')} --peer ${peerId} --registry-context ${reader.registryContext ?? 'REGISTRY'}`
}

/** The state of a link as its agent last told it. Also for `isthmus status`. */
export function linkVerdict(
  reader: ClusterReading,
  peerId: string,
  peer: ClusterReading | undefined,
  memory: LinkMemory | undefined,
): Verdict {
  const removed = [reader, peer].find(one => one?.removedAt !== undefined)
  if (removed !== undefined) {
    return broken(
      `${removed.clusterId} was removed from the ClusterSet, as its agent saw at ${removed.removedAt}: no member reads it any more`,
      'Take out what is left there; then it can join again.',
      `${isthmus(removed, 'leave')} --registry-context ${removed.registryContext ?? 'REGISTRY'}`,
    )
  }
  if (memory === undefined) {
    const index = peer === undefined ? undefined : readValue(peer.index)
    if (index !== undefined && Math.min(...reader.clocks) - index.spec.sequence < SEQUENCE_GRACE_MS)
      return unknown('its exchange is new, and nothing is remembered of it yet')
    return broken(
      `the agent of ${reader.clusterId} has never read the exchange of ${peerId}`,
      `Let it know its peer: by \`isthmus join\`, or by --peer.`,
      `${reader.kubectl} -n ${reader.installedIn.agentNamespace} get configmaps,secrets`,
    )
  }
  const { state = 'connected', reason = '', since, highestSequence } = memory
  if (state !== 'connected') {
    const [sentence, command] = wayOutOf(reason, reader, peer, peerId)
    const time = since === undefined ? '' : ` since ${since}`
    const revoked = isRevoked(reader, peer) ? `; ${peerId} has no account for it any more` : ''
    return broken(
      `the link of ${reader.clusterId} to ${peerId} is ${state}${time}${reason === '' ? '' : `: ${reason}`}${revoked}`,
      sentence,
      command,
    )
  }
  if (peer === undefined)
    return unknown(`read up to sequence ${highestSequence}; none of the contexts is of ${peerId}`)
  return known(peer.index, index => {
    if (index === undefined) return unknown(`${peerId} has no index to be read`)
    const objection = objectionToIndex({ clusterId: peerId, index, highestSequence })
    if (objection !== undefined) {
      const [sentence, command] = wayOutOf(objection, reader, peer, peerId)
      return broken(`${reader.clusterId} does not follow ${peerId}: ${objection}`, sentence, command)
    }
    const behind = lagOf(memory, index.spec.sequence, reader.clocks)
    if (behind === undefined && isRevoked(reader, peer)) {
      return warning(
        `sequence ${index.spec.sequence} was read, but ${peerId} has no account for ${reader.clusterId} any more: the link lasts for as long as what is open, an hour at most`,
        `If that was not meant, give cluster ${reader.clusterId} new credentials; if it was, let it leave.`,
        relink(reader, peerId),
      )
    }
    if (behind === undefined) return ok(`sequence ${index.spec.sequence} was read`)
    return broken(
      `${reader.clusterId} is behind ${peerId}: it has read up to sequence ${highestSequence}, of ${index.spec.sequence}, written ${duration(behind)} ago`,
      `See in the log of the agent of ${reader.clusterId} why it does not read ${peerId}.`,
      `${peer.kubectl} -n ${peer.installedIn.exchangeNamespace} get exportindexes index -o yaml`,
    )
  })
}

/**
 * For how long a link has not taken up an index, in milliseconds; undefined where it has, or may yet have. A
 * sequence is a clock's milliseconds, or a little more.
 */
export function lagOf(
  { highestSequence }: Pick<LinkMemory, 'highestSequence'>,
  sequence: number,
  clocks: readonly number[],
): number | undefined {
  if (highestSequence >= sequence) return undefined
  const behind = Math.min(...clocks) - sequence
  return behind > SEQUENCE_GRACE_MS ? behind : undefined
}

function wayOutOf(
  reason: string,
  reader: ClusterReading,
  peer: ClusterReading | undefined,
  peerId: string,
): readonly [string, string] {
  const known = WAYS_OUT.find(([pattern]) => pattern.test(reason))
  if (known !== undefined) return known[1](reader, peer, peerId)
  return [
    `See in the log of the agent of ${reader.clusterId} what it meets at ${peerId}.`,
    `${reader.kubectl} -n ${reader.installedIn.agentNamespace} get configmap link-${peerId} -o yaml`,
  ]
}

/** Invariant 3: what cannot be read stays as it was, so a link that is down shows as an import that stands still. */
const link: Step<Pair> = {
  name: 'link',
  judge: ({ importer: { cluster, existing }, peerId, peer }) =>
    known(cluster.links, links => {
      const memory = links.find(({ clusterId }) => clusterId === peerId)
      const isImported = existing.slices.some(
        ({ metadata }) => metadata.labels?.['multicluster.kubernetes.io/source-cluster'] === peerId,
      )
      // A link is remembered some seconds after its first index was read: what came of it is there at once.
      if (memory === undefined && isImported) return ok('its exchange was read')
      return linkVerdict(cluster, peerId, peer, memory)
    }),
}

/** Refusals that take endpoints away; the others leave labels or annotations out. */
const HARMFUL = /^(?!labels$|annotations$)/

/** Invariant 2, a record speaks only for its member: what it may not say is refused, by every member alike. */
const refusals: Step<Pair> = {
  name: 'refusals',
  judge: ({ importer: { contributions, cluster, namespace, name }, peerId, peer }) => {
    const contribution = contributions.get(peerId)
    if (contribution === undefined || contribution.kind === 'absent' || peer === undefined) return undefined
    const here = contribution.kind === 'present' ? cluster.admission.admit(contribution.export).refusals : []
    if (here.length > 0) {
      return broken(
        `policies of ${cluster.clusterId} keep out what ${peerId} exports: ${inWords(here)}`,
        `Change the ImportPolicies of ${cluster.clusterId}, if it should come in.`,
        `${cluster.kubectl} get importpolicies -o yaml`,
      )
    }
    if (contribution.refusals.length === 0)
      return contribution.kind === 'present' ? ok('everything is accepted') : unknown(contribution.why)
    const words = `${cluster.clusterId} does not use this of the export of ${peerId}: ${inWords(contribution.refusals)}`
    const sentence = `Change it in ${peerId}: in the Service, its EndpointSlices or its ServiceExport.`
    const command = `${peer.kubectl} -n ${namespace} get service,serviceexport,endpointslices -l kubernetes.io/service-name=${name} -o yaml`
    return contribution.refusals.some(({ rule }) => HARMFUL.test(rule))
      ? broken(words, sentence, command)
      : warning(words, sentence, command)
  },
}

const MAX_TOLD = 3

function inWords(list: readonly Refusal[]): string {
  const told = list.slice(0, MAX_TOLD).map(({ rule, message }) => `${rule}: ${message}`)
  const more = list.length - told.length
  return more > 0 ? `${told.join('; ')}; and ${more} more` : told.join('; ')
}

export const LINK_STEPS: readonly Step<Pair>[] = [link, refusals]

/** Peers of which the cluster's own objects know, or that the kubeconfig reaches. */
export function peersKnown(cluster: ClusterReading): readonly string[] {
  return (readValue(cluster.links) ?? []).map(({ clusterId }) => clusterId)
}
