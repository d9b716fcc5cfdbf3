import type { ImportPolicy, ImportPolicyMember } from '@isthmus/api'
import { CIDRList } from './cidr-list.ts'
import { selects } from './label-selector.ts'

/** A namespace of this cluster, as far as policies look at it. */
export interface PolicyNamespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** What policies allow one member in one namespace. */
export interface Grant {
  /** No policy names ranges: any address will do. */
  readonly anyAddress: boolean
  readonly addresses: CIDRList
}

const EVERY = '*'

/** Namespaces of Kubernetes: where a cluster's controllers live, which a peer's Service could stand in for. */
export function isSystemNamespace(namespace: string): boolean {
  return namespace.startsWith('kube-')
}

/** All that one cluster's ImportPolicies say, in the order of their names. */
export class ImportRules {
  readonly #policies: readonly ImportPolicy[]

  constructor(policies: readonly ImportPolicy[]) {
    this.#policies = policies
  }

  /** Without a policy nothing is restricted. */
  get isEmpty(): boolean {
    return this.#policies.length === 0
  }

  /** Whether labels of namespaces matter. */
  get hasSelectors(): boolean {
    return this.#policies.some(({ spec }) => spec.namespaces.selector !== undefined)
  }

  /** Whether a policy names the namespace itself, not by a pattern or a label. */
  names(namespace: string): boolean {
    return this.#policies.some(({ spec }) => spec.namespaces.names?.includes(namespace))
  }

  /** What a member may do in a namespace; undefined where it may do nothing. */
  grant(clusterId: string, namespace: PolicyNamespace): Grant | undefined {
    const items = this.#policies
      .filter(policy => covers(policy, namespace))
      .flatMap(({ spec }) => spec.members.filter(member => isOf(member, clusterId)))
    if (items.length === 0) return undefined
    return {
      anyAddress: items.some(({ addresses }) => addresses === undefined),
      addresses: new CIDRList(items.flatMap(({ addresses }) => addresses ?? [])),
    }
  }
}

function covers({ spec: { namespaces } }: ImportPolicy, { name, labels }: PolicyNamespace): boolean {
  const { names = [], selector } = namespaces
  if (names.includes(name)) return true
  if (isSystemNamespace(name)) return false
  return names.includes(EVERY) || (selector !== undefined && selects(selector, labels))
}

function isOf(member: ImportPolicyMember, clusterId: string): boolean {
  return member.clusterId === EVERY || member.clusterId === clusterId
}
