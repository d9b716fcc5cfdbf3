import { AGENT_NAMESPACE, EXCHANGE_NAMESPACE } from '@isthmus/api'

/**
 * Whether peers may contribute to a namespace at all. Those of Kubernetes and our own are where a
 * cluster's controllers live: a peer that could put a Service there could stand in for one.
 */
export function isImportableNamespace(namespace: string): boolean {
  return !namespace.startsWith('kube-') && namespace !== AGENT_NAMESPACE && namespace !== EXCHANGE_NAMESPACE
}
