/** Who else works as an implementation of the Multi-Cluster Services API in a cluster: by what it left on objects. */
import { type KubernetesObject, LABEL_MANAGED_BY, LABEL_SLICE_MANAGED_BY, MANAGER } from '@isthmus/api'
import type { OtherImplementation } from './join-facts.ts'

/** What they call themselves in field managers, and in labels and annotations of what they make. The first counts. */
const KNOWN: readonly (readonly [sign: RegExp, product: string])[] = [
  // endpointslice-mesh-controller, endpointslice-local-mcsapi-controller, service.cilium.io/…; cilium-operator-generic
  [/cilium/, 'Cilium'],
  // lighthouse-agent.submariner.io, lighthouse.submariner.io/sourceNamespace; lighthouse-agent
  [/submariner|^lighthouse/, 'Submariner'],
  // The derived Services gke-mcs-…, net.gke.io/…; gke-mcs-importer
  [/^gke-mcs|(^|\.)net\.gke\.io/, 'GKE multi-cluster Services'],
  // aws-cloud-map-mcs-controller-for-k8s, multicluster.k8s.aws/derived-service
  [/aws-cloud-map|multicluster\.k8s\.aws/, 'AWS Cloud Map MCS'],
  // endpointslice-dispatch-controller.karmada.io; karmada-controller-manager
  [/karmada/, 'Karmada'],
]

/** People and their tools: what someone wrote by hand is reported where it is in the way of an import. */
const BY_HAND =
  /^(kubectl|before-first-apply|helm|argocd|flux|kustomize|terraform|hashicorp|pulumi|k9s|lens|openlens|mozilla|python|curl|kube-controller-manager|kube-apiserver|go-http-client|unknown|node-fetch|$)/i

/**
 * Of ServiceImports, and EndpointSlices that belong to one: each implementation once, with one of its objects.
 * What a field manager left counts, and where nothing is kept of those, what labels and annotations say.
 */
export function otherImplementationsIn(objects: readonly KubernetesObject[]): readonly OtherImplementation[] {
  const found = new Map<string, OtherImplementation>()
  for (const object of objects) {
    const [sign] = signsOf(object)
    if (sign === undefined) continue
    const name = nameOf(sign)
    const { namespace, name: objectName } = object.metadata
    if (!found.has(name)) found.set(name, { name, example: `${object.kind} ${namespace}/${objectName}` })
  }
  return [...found.values()]
}

/** What says whose an object is; one of a product that is known first. None: ours, or a person's. */
function signsOf({ apiVersion = '', metadata }: KubernetesObject): readonly string[] {
  const { labels = {}, annotations = {}, managedFields = [] } = metadata
  const managedBy = [labels[LABEL_SLICE_MANAGED_BY], labels[LABEL_MANAGED_BY]].flatMap(value => value ?? [])
  const managers = (managedFields as readonly { manager?: unknown }[]).flatMap(({ manager }) =>
    typeof manager === 'string' ? [manager] : [],
  )
  const written = [...managedBy, ...managers].filter(name => name !== MANAGER && !BY_HAND.test(name))
  // Ours, that somebody else writes too: whoever is not known is a person with a tool that is not.
  if (managedBy.includes(MANAGER)) return written.filter(isKnown)
  const [group = ''] = apiVersion.split('/')
  const marks = [group, ...Object.keys(labels), ...Object.keys(annotations)].filter(isKnown)
  return [...written, ...marks].sort((one, other) => Number(isKnown(other)) - Number(isKnown(one)))
}

function isKnown(sign: string): boolean {
  return KNOWN.some(([known]) => known.test(sign))
}

/** `Cilium (cilium-operator-generic)`. */
function nameOf(sign: string): string {
  const product = KNOWN.find(([known]) => known.test(sign))?.[1]
  return product === undefined ? sign : `${product} (${sign})`
}
