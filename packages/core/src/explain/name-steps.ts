/** From the ServiceImport to an answer: what a pod meets. */
import { CLUSTERSET_ZONE } from '@isthmus/api'
import { namesOfService } from '../zone/index.ts'
import { isRead } from './facts.ts'
import { addresses } from './import-steps.ts'
import { hasNamespace, type Importer } from './importer.ts'
import { countEndpoints } from './service-facts.ts'
import { broken, known, ok, type Step, unknown } from './verdict.ts'

/** What a pod asks for. */
export function domainName(namespace: string, name: string): string {
  return `${name}.${namespace}.svc.${CLUSTERSET_ZONE}`
}

/** The addresses that the service's own name should have in this cluster, sorted. */
export function expectedAddresses({ existing, namespace, name }: Importer): readonly string[] {
  const { serviceImport, slices } = existing
  if (serviceImport === undefined) return []
  const own = namesOfService(serviceImport, slices).find(entry => entry.name === `${name}.${namespace}.svc`)
  return (own?.records ?? [])
    .flatMap(record => (record.type === 'A' || record.type === 'AAAA' ? [record.address] : []))
    .sort()
}

/** KEP-1645, DNS specification. */
export const dnsStep: Step<Importer> = {
  name: 'dns',
  judge: importer => {
    const { cluster, namespace, name, existing } = importer
    if (existing.serviceImport === undefined || !hasNamespace(importer)) return undefined
    const expected = expectedAddresses(importer)
    const question = `${domainName(namespace, name)}`
    if (expected.length === 0) return unknown(`${question} has no address yet`)
    if (!isRead(cluster.dns)) return unknown(`should be ${addresses(expected)}; ${cluster.dns.unread}`)
    return known(cluster.dns, ({ server, answer }) => {
      const dig = `dig @${server.replace(/:(\d+)$/, ' -p $1')} ${question}`
      if ('failure' in answer) {
        return broken(
          `the DNS server of ${cluster.clusterId}, ${server}, does not know ${question}: ${answer.failure}`,
          `See that it runs, and that it serves ${CLUSTERSET_ZONE}; it should answer ${addresses(expected)}.`,
          dig,
        )
      }
      // A server may answer a part of a long list (KEP-1645: "may return a subset").
      const isRight =
        answer.addresses.length > 0 && answer.addresses.every(address => expected.includes(address))
      return isRight
        ? ok(`${addresses(answer.addresses)}, from ${server}`)
        : broken(
            `the DNS server of ${cluster.clusterId}, ${server}, answers ${addresses(answer.addresses)}, not ${addresses(expected)}`,
            'See that it follows this cluster, and not another one.',
            dig,
          )
    })
  },
}

/** Invariant 7: with everything written, what is left is the cluster's service proxy and its network. */
export const connectStep: Step<Importer> = {
  name: 'connect',
  judge: importer => {
    const { cluster, existing } = importer
    if (existing.serviceImport === undefined || !hasNamespace(importer)) return undefined
    return known(cluster.connect, ({ address, port, result }) => {
      if ('milliseconds' in result) return ok(`${address}:${port} accepts, in ${result.milliseconds} ms`)
      if (countEndpoints(existing.slices).ready === 0)
        return unknown(`${address}:${port}: ${result.failure}; no endpoint is ready`)
      return broken(
        `nothing answers at ${address}:${port} in ${cluster.clusterId}: ${result.failure}`,
        'See that kube-proxy runs, and that pods of this cluster reach those of the exporting ones.',
        `${cluster.kubectl} -n kube-system get pods -l k8s-app=kube-proxy -o wide`,
      )
    })
  },
}
