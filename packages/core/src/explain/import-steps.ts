/** From the records of all members to what a pod of one cluster can call. */
import { isDeepStrictEqual } from 'node:util'
import { LABEL_SOURCE_CLUSTER } from '@isthmus/api'
import { repairedServiceImport } from '../import/desired-import.ts'
import { repairedDerivedService } from '../import/desired-service.ts'
import { desiredSlice, repairedSlice } from '../import/desired-slices.ts'
import { obstacleTo } from '../import/obstacle.ts'
import type { ImportedPlan } from '../import/plan.ts'
import { exportedMetadata } from '../import/remembered-metadata.ts'
import type { Contribution } from '../member/contribution.ts'
import { derivedServiceName, serviceKey } from '../naming/names.ts'
import { hasNamespace, type Importer, lostMembers, type Pair, readyCondition, reported } from './importer.ts'
import { countEndpoints, endpointsInWords } from './service-facts.ts'
import { broken, known, ok, type Step, unknown, type Verdict, warning } from './verdict.ts'

const at = ({ cluster, namespace }: Importer) => `${cluster.kubectl} -n ${namespace}`

/** KEP-1645: a member without the namespace imports nothing, and starts when it is created. */
export const namespaceStep: Step<Importer> = {
  name: 'namespace',
  judge: ({ cluster, namespace }) =>
    known(cluster.namespace, found => {
      if (found === undefined) {
        return broken(
          `there is no namespace ${namespace} in ${cluster.clusterId}, so nothing is imported into it`,
          'Make the namespace; the import follows at once.',
          `${cluster.kubectl} create namespace ${namespace}`,
        )
      }
      return found.status?.phase === 'Terminating'
        ? broken(
            `namespace ${namespace} is being deleted in ${cluster.clusterId}`,
            'Wait for its end, and make it again.',
            `${cluster.kubectl} get namespace ${namespace} -o yaml`,
          )
        : ok('Active')
    }),
}

/** Invariant 1, one writer: a user's object in the way is left alone, and there is never another name. */
export const namesStep: Step<Importer> = {
  name: 'names',
  judge: importer => {
    const { cluster, namespace, name, plan } = importer
    if (plan.kind !== 'import' || !hasNamespace(importer)) return undefined
    return known(cluster.derivedService, service =>
      known(cluster.serviceImport, serviceImport => {
        const isHeadless = plan.spec.type === 'Headless'
        const taken = isHeadless ? undefined : service
        const obstacle = obstacleTo({ namespace, name, service: taken, serviceImport })
        if (obstacle === undefined) return ok('nobody else uses the names of the import')
        const object = obstacle.kind === 'Service' ? derivedServiceName(namespace, name) : name
        return broken(
          obstacle.message,
          `It is not ours to change. Look whose it is; once it is gone, the import follows.`,
          `${at(importer)} get ${obstacle.kind.toLowerCase()} ${object} -o yaml`,
        )
      }),
    )
  },
}

/** The plan, where the import can be judged by it. */
function planned(importer: Importer): ImportedPlan | undefined {
  return importer.plan.kind === 'import' && hasNamespace(importer)
    ? servable(importer, importer.plan)
    : undefined
}

/** A trafficDistribution that this API server does not know is left out by its agent. */
function servable({ existing: { derivedService } }: Importer, plan: ImportedPlan): ImportedPlan {
  if (derivedService === undefined || derivedService.spec?.trafficDistribution !== undefined) return plan
  const { trafficDistribution: _, ...spec } = plan.spec
  return { ...plan, spec }
}

/** The design, derived Service: what kube-proxy routes. Its addresses are those of the import, for its life. */
export const derivedServiceStep: Step<Importer> = {
  name: 'derived-service',
  judge: importer => {
    const { cluster, namespace, name, existing } = importer
    const plan = planned(importer)
    if (plan === undefined || plan.spec.type === 'Headless') return undefined
    if (plan.unsupported) {
      return broken(
        `the service is exported for ${plan.spec.ipFamilies?.join(' and ')}, which Services of ${cluster.clusterId} do not have`,
        'Export it for a family that this cluster has: make the exported Service dual-stack.',
        `${at(importer)} get serviceimport ${name} -o yaml`,
      )
    }
    const { derivedService } = existing
    if (derivedService === undefined) {
      const why = reported(importer)
      return broken(
        `the derived Service ${plan.derivedName} is not there in ${cluster.clusterId}${why}`,
        ...wayOutOfRefusal(importer, why),
      )
    }
    if (repairedDerivedService(derivedService, name, plan, existing.serviceImport) !== undefined) {
      return broken(
        `the derived Service ${plan.derivedName} of ${cluster.clusterId} is not as it should be${reported(importer)}`,
        'The agent mends it when it runs; see its log where it does not.',
        `${at(importer)} get service ${plan.derivedName} -o yaml`,
      )
    }
    return ok(`${serviceKey(namespace, plan.derivedName)} at ${addresses(derivedService.spec?.clusterIPs)}`)
  },
}

/** What an API server refuses, by its words. The first that applies. */
const REFUSALS: readonly (readonly [
  RegExp,
  (importer: Importer) => readonly [sentence: string, command: string],
])[] = [
  [
    /exceeded quota|ResourceQuota/i,
    importer => ['Raise the quota of the namespace.', `${at(importer)} describe resourcequotas`],
  ],
  [
    /is forbidden: User|cannot (create|update|patch|delete) resource|we may not \w+ \w+/,
    ({ cluster }) => [
      'Give the agent its permissions back.',
      cluster.kubectl.replace(/^kubectl/, 'isthmus install'),
    ],
  ],
  [
    /admission webhook|ValidatingAdmissionPolicy|denied the request/i,
    ({ cluster }) => [
      'Change the policy that refuses it.',
      `${cluster.kubectl} get validatingwebhookconfigurations,mutatingwebhookconfigurations,validatingadmissionpolicies`,
    ],
  ],
]

function wayOutOfRefusal(importer: Importer, why: string): readonly [string, string] {
  const known = REFUSALS.find(([pattern]) => pattern.test(why))
  return (
    known?.[1](importer) ?? [
      'The agent makes it when it runs; see what it says about the import.',
      `${at(importer)} describe serviceimport ${importer.name}`,
    ]
  )
}

/** The design, EndpointSlices: each from one member, with what its record has now. */
export const slicesStep: Step<Pair> = {
  name: 'slices',
  judge: pair => {
    const { importer, peerId } = pair
    const { cluster, namespace, name, existing, contributions } = importer
    const plan = planned(importer)
    if (plan === undefined || plan.unsupported) return undefined
    const here = existing.slices.filter(({ metadata }) => metadata.labels?.[LABEL_SOURCE_CLUSTER] === peerId)
    const lost = lostMembers(importer)
    if (lost.ids.has(peerId)) {
      return warning(
        `${lost.message} (here: ${endpointsInWords(countEndpoints(here))})`,
        `It ends when ${peerId} is heard of again; what is done meanwhile is the policy for lost members.`,
      )
    }
    const contribution = contributions.get(peerId)
    if (contribution === undefined || contribution.kind === 'unknown') {
      const count = endpointsInWords(countEndpoints(here))
      return unknown(
        `here: ${count}; what it should be is not known: ${contribution?.why ?? 'it is no member'}`,
      )
    }
    const context = { namespace, name, clusterId: cluster.clusterId, derivedService: existing.derivedService }
    const wanted = plan.slices.filter(({ clusterId }) => clusterId === peerId)
    const look = `${at(importer)} get endpointslices -l multicluster.kubernetes.io/service-name=${name},multicluster.kubernetes.io/source-cluster=${peerId} -o yaml`
    const names = new Set([...wanted.map(slice => slice.name), ...plan.keptSlices])
    const left = here.filter(({ metadata }) => !names.has(metadata.name ?? ''))
    const wrong = wanted.filter(slice => {
      const stored = here.find(({ metadata }) => metadata.name === slice.name)
      return stored === undefined || repairedSlice(stored, desiredSlice(slice, plan, context)) !== undefined
    })
    const [first] = wrong
    if (first !== undefined && existing.derivedService === undefined && plan.spec.type !== 'Headless')
      return unknown('they are written after the derived Service')
    if (first !== undefined) {
      const isThere = here.some(({ metadata }) => metadata.name === first.name)
      return broken(
        `${wrong.length} of ${wanted.length} EndpointSlices of ${peerId} in ${cluster.clusterId} ${wrong.length === 1 ? 'is' : 'are'} not what ${peerId} exports now (${first.name} ${isThere ? 'differs' : 'is missing'})${reported(importer)}`,
        'The agent mends them when it runs; see its log where it does not.',
        look,
      )
    }
    if (left.length > 0) {
      return broken(
        `${left.length} EndpointSlices of ${peerId} in ${cluster.clusterId} should be gone (${left[0]?.metadata.name})`,
        'The agent removes them when it runs; see its log where it does not.',
        look,
      )
    }
    if (wanted.length > 0) return ok(endpointsInWords(countEndpoints(here)))
    if (contribution.kind === 'absent' || !hasEndpoints(contribution))
      return ok(`none: ${peerId} has no endpoints`)
    return warning(
      `${peerId} has no endpoints for the ports and IP families of the import`,
      'Make the exports agree: the oldest one decides which ports and families there are.',
      `${at(importer)} describe serviceimport ${name}`,
    )
  },
}

function hasEndpoints({ export: { chunks } }: Extract<Contribution, { kind: 'present' }>): boolean {
  return [...chunks.values()].some(chunk => (chunk?.endpoints.length ?? 0) > 0)
}

/** KEP-1645, ServiceImport; invariant 8: Ready when its IPs are allocated and all endpoints are written. */
export const serviceImportStep: Step<Importer> = {
  name: 'service-import',
  judge: importer => {
    const { cluster, namespace, name, existing, plan } = importer
    if (plan.kind === 'unread') return unknown(plan.why)
    if (!hasNamespace(importer)) return undefined
    if (plan.kind === 'nothing') return unknown('nobody exports the service')
    if (plan.kind === 'keep') return unknown(plan.why)
    const look = `${at(importer)} describe serviceimport ${name}`
    const { serviceImport } = existing
    if (plan.kind === 'remove') {
      return broken(
        `${serviceKey(namespace, name)} is still imported in ${cluster.clusterId}, though no member exports it`,
        'The agent removes it when it runs; see its log where it does not.',
        look,
      )
    }
    if (serviceImport === undefined) {
      return broken(
        `there is no ServiceImport ${serviceKey(namespace, name)} in ${cluster.clusterId}`,
        'The agent makes it when it runs; see its log where it does not.',
        look,
      )
    }
    return (
      objectionToContent(importer, serviceImport) ??
      ok(
        `Ready${serviceImport.spec.type === 'Headless' ? ', headless' : ` at ${addresses(serviceImport.spec.ips)}`}`,
      )
    )
  },
}

function objectionToContent(
  importer: Importer,
  serviceImport: NonNullable<Importer['existing']['serviceImport']>,
): Verdict | undefined {
  const { cluster, name, existing } = importer
  const look = `${at(importer)} describe serviceimport ${name}`
  const ready = readyCondition(serviceImport)
  if (ready?.status !== 'True') {
    return broken(
      `the ServiceImport in ${cluster.clusterId} is not Ready: ${ready === undefined ? 'it has no status' : `${ready.reason}: ${ready.message}`}`,
      ...wayOutOfRefusal(importer, ready?.message ?? ''),
    )
  }
  const plan = planned(importer)
  // Of a member that is silent, or lost, it is not known here what it exports now.
  if (plan === undefined || plan.frozenBy.length > 0 || lostMembers(importer).ids.size > 0) return undefined
  // Which labels and annotations this cluster takes is a setting of its agent.
  const asExported = { ...(importer.plan as ImportedPlan), ...exportedMetadata(serviceImport) }
  const ips = existing.derivedService?.spec?.clusterIPs ?? serviceImport.spec.ips ?? []
  const clusters = (serviceImport.status?.clusters ?? []).map(entry => entry.cluster).sort()
  const isRight =
    repairedServiceImport(serviceImport, asExported, ips, cluster.kept) === undefined &&
    isDeepStrictEqual(clusters, [...plan.clusters])
  if (isRight) return undefined
  return broken(
    `the ServiceImport in ${cluster.clusterId} is not what the members export now`,
    'The agent mends it when it runs; see its log where it does not.',
    look,
  )
}

export function addresses(list: readonly string[] | undefined): string {
  return list === undefined || list.length === 0 ? 'no address' : list.join(' and ')
}
