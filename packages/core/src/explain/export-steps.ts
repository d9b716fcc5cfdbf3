/** From the Service of one cluster to the index that names it. */
import { isDeepStrictEqual } from 'node:util'
import { checkRecord } from '../check/check-record.ts'
import { validityOf } from '../export/validity.ts'
import { recordName, serviceKey } from '../naming/names.ts'
import { agentStep } from './agent-step.ts'
import { isRead, readValue, whyUnread } from './facts.ts'
import {
  countEndpoints,
  type Exporter,
  endpointsInWords,
  rightRecord,
  serviceInWords,
  usable,
  validityIn,
} from './service-facts.ts'
import { broken, known, ok, type Step, unknown, warning } from './verdict.ts'

const at = ({ cluster, namespace }: Exporter) => `${cluster.kubectl} -n ${namespace}`

/** KEP-1645, Exporting Services: the Service of the same namespace and name, not of type ExternalName. */
const service: Step<Exporter> = {
  name: 'service',
  judge: exporter => {
    const { cluster, namespace, name } = exporter
    return known(cluster.service, found => {
      const present = usable(found)
      if (present === undefined) {
        const gone =
          found === undefined
            ? `there is no Service ${serviceKey(namespace, name)}`
            : `Service ${serviceKey(namespace, name)} is being deleted`
        const { isNowhere, unasked } = exporter
        if (isNowhere && unasked.length > 0)
          return unknown(`${gone} in ${cluster.clusterId}; ${unasked.join(', ')} could not be asked`)
        const nowhere = isNowhere ? ', nor in any other member' : ''
        return broken(
          `${gone} in ${cluster.clusterId}${nowhere}`,
          'Make the Service, or look for it under another name or in another namespace.',
          isNowhere ? `${cluster.kubectl} get services --all-namespaces` : `${at(exporter)} get services`,
        )
      }
      const validity = validityOf(present, name)
      if (!validity.valid) {
        return broken(
          validity.message,
          'Export a Service of another type: one with a selector, or with EndpointSlices of its own.',
          `${at(exporter)} get service ${name} -o yaml`,
        )
      }
      return ok(serviceInWords(present))
    })
  },
}

/** Invariant 8: endpoints that are not ready get no traffic, wherever they are; another cluster's may stand in. */
const endpoints: Step<Exporter> = {
  name: 'endpoints',
  judge: exporter => {
    const { cluster, name, others } = exporter
    const present = usable(readValue(cluster.service))
    if (present === undefined || !validityOf(present, name).valid) return undefined
    return known(cluster.sourceSlices, slices => {
      const count = countEndpoints(slices)
      if (count.ready > 0 || (count.total > 0 && present.spec?.publishNotReadyAddresses === true))
        return ok(endpointsInWords(count))
      const what = `Service ${name} has ${endpointsInWords(count)} in ${cluster.clusterId}`
      const selector = Object.entries(present.spec?.selector ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(',')
      const command =
        selector === ''
          ? `${at(exporter)} get endpointslices -l kubernetes.io/service-name=${name}`
          : `${at(exporter)} get pods -l ${selector}`
      const isElsewhere = others.some(other => countEndpoints(readValue(other.sourceSlices) ?? []).ready > 0)
      return isElsewhere
        ? warning(`${what}; others answer`, 'See why its pods are not ready.', command)
        : broken(what, 'See why its pods are not ready, or why its selector finds none.', command)
    })
  },
}

/** KEP-1645, Exporting Services: a Service without its own cluster's ServiceExport contributes nothing. */
const serviceExport: Step<Exporter> = {
  name: 'service-export',
  judge: exporter => {
    const { cluster, namespace, name, others, unasked } = exporter
    return known(cluster.serviceExport, found => {
      const present = usable(found)
      if (present !== undefined) return ok(`since ${present.metadata.creationTimestamp ?? 'just now'}`)
      if (exporter.isNowhere) return unknown('there is nothing to export')
      const what = `there is no ServiceExport ${serviceKey(namespace, name)} in ${cluster.clusterId}: the Service stays its own`
      const command = `printf 'apiVersion: multicluster.x-k8s.io/v1beta1\\nkind: ServiceExport\\nmetadata: {namespace: ${namespace}, name: ${name}}\\n' | ${cluster.kubectl} apply -f -`
      return others.length > 0 || unasked.length > 0
        ? warning(what, 'Export it from here too.', command)
        : broken(what, 'Export the Service.', command)
    })
  },
}

/** KEP-1645, Constraints and Conflict Resolution: the merge goes on with one value, and the export says whose. */
const conflicts: Step<Exporter> = {
  name: 'conflicts',
  judge: exporter => {
    const { cluster, name } = exporter
    const condition = usable(readValue(cluster.serviceExport))?.status?.conditions?.find(
      ({ type }) => type === 'Conflict',
    )
    if (condition?.status !== 'True') return undefined
    return warning(
      `${condition.reason}: ${condition.message}`,
      'Make the exports agree, or leave it to the oldest.',
      `${at(exporter)} get service ${name} -o yaml`,
    )
  },
}

/** The design, Objects in the exchange: chunks and record are stored before the index names them. */
const record: Step<Exporter> = {
  name: 'record',
  judge: exporter => {
    const { cluster, namespace, name } = exporter
    const unread =
      whyUnread(cluster.serviceExport) ?? whyUnread(cluster.service) ?? whyUnread(cluster.sourceSlices)
    if (unread !== undefined) return unknown(unread)
    const right = rightRecord(cluster, name)
    if (right === undefined)
      return isWithdrawn(exporter) ? undefined : unknown('there is no valid export to be published')
    const { value, refusals } = checkRecord(right.spec)
    if (value === undefined) {
      return broken(
        `no member accepts the record of ${cluster.clusterId}: ${refusals[0]?.rule}: ${refusals[0]?.message}`,
        'Change what is refused in the Service or its ServiceExport.',
        `${at(exporter)} get service,serviceexport ${name} -o yaml`,
      )
    }
    return known(cluster.record, stored => {
      const condition = usable(readValue(cluster.serviceExport))?.status?.conditions?.find(
        ({ type }) => type === 'Ready',
      )
      const because = condition?.status === 'False' ? `: ${condition.message}` : ''
      const exchange = `${cluster.kubectl} -n ${cluster.installedIn.exchangeNamespace}`
      const seeEvents = `${at(exporter)} describe serviceexport ${name}`
      if (stored === undefined) {
        return broken(
          `the record of ${serviceKey(namespace, name)} is not in the exchange of ${cluster.clusterId}${because}`,
          'See what the agent says about the export.',
          seeEvents,
        )
      }
      if (because !== '' && condition?.reason === 'Failed')
        return broken(
          `the record in the exchange of ${cluster.clusterId} is not as it should be${because}`,
          'See what the agent says about the export.',
          seeEvents,
        )
      return known(cluster.chunks, chunks => {
        const isRight =
          isDeepStrictEqual(stored.spec, right.spec) &&
          [...right.chunks].every(([chunk, spec]) => isDeepStrictEqual(chunks.get(chunk)?.spec, spec))
        return isRight
          ? ok(`${recordName(namespace, name)} with ${endpointsInWords(countReady(right.chunks))}`)
          : broken(
              `the record in the exchange of ${cluster.clusterId} is not what its Service is now`,
              'The agent writes it again when it runs; see its log where it does not.',
              `${exchange} get exportedservices ${recordName(namespace, name)} -o yaml`,
            )
      })
    })
  },
}

/** Invariant 3, silence is never a deletion: only what an index names is there for others. */
const index: Step<Exporter> = {
  name: 'index',
  judge: exporter => {
    const { cluster, namespace, name } = exporter
    // Nothing is amiss where an index does not name what nobody exports.
    if (isWithdrawn(exporter) && !isNamed(exporter)) return undefined
    return known(cluster.index, found => {
      const look = `${cluster.kubectl} -n ${cluster.installedIn.exchangeNamespace} get exportindexes index -o yaml`
      if (found === undefined) {
        return broken(
          `there is no ExportIndex in the exchange of ${cluster.clusterId}: its peers keep what they knew and learn nothing new`,
          'The agent writes it when it runs; see its log where it does not.',
          look,
        )
      }
      const { sequence, clusterId } = found.spec ?? {}
      if (clusterId !== cluster.clusterId) {
        return broken(
          `the ExportIndex of ${cluster.clusterId} says that it is of ${JSON.stringify(clusterId)?.slice(0, 70)}: two members use one exchange, or its id was changed`,
          'Let one agent write one exchange, under the id in ClusterProperty cluster.clusterset.k8s.io.',
          look,
        )
      }
      if (isNamed(exporter)) {
        if (!isWithdrawn(exporter)) return ok(`sequence ${sequence} names it`)
        return broken(
          `the ExportIndex of ${cluster.clusterId} still names ${serviceKey(namespace, name)}, though it is not exported any more`,
          'The agent withdraws it when it runs; see its log where it does not.',
          look,
        )
      }
      if (validityIn(cluster, name)?.valid !== true) return unknown('there is no valid export to be named')
      return broken(
        `the ExportIndex of ${cluster.clusterId} does not name ${serviceKey(namespace, name)}`,
        'The agent adds it once the record is stored; see what it says about the export.',
        `${cluster.kubectl} -n ${namespace} describe serviceexport ${name}`,
      )
    })
  },
}

/** There is no ServiceExport, as far as that is known. */
function isWithdrawn({ cluster }: Exporter): boolean {
  return isRead(cluster.serviceExport) && usable(cluster.serviceExport.value) === undefined
}

function isNamed({ cluster, namespace, name }: Exporter): boolean {
  return (readValue(cluster.index)?.spec?.services ?? []).includes(serviceKey(namespace, name))
}

function countReady(chunks: ReadonlyMap<string, { endpoints: readonly { ready: boolean }[] }>) {
  const all = [...chunks.values()].flatMap(chunk => chunk.endpoints)
  return { ready: all.filter(({ ready }) => ready).length, total: all.length }
}

/** In the order in which a Service becomes known to other clusters. */
export const EXPORT_STEPS: readonly Step<Exporter>[] = [
  service,
  serviceExport,
  endpoints,
  conflicts,
  { name: agentStep.name, judge: ({ cluster }) => agentStep.judge(cluster) },
  record,
  index,
]
