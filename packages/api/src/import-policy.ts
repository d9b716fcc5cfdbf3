/** `isthmus.dev/v1alpha1` ImportPolicy: what a cluster takes from the other members. */
import type { KubernetesObject } from './meta.ts'

/** Cluster-scoped. Policies add up; with at least one, what none allows is not imported. */
export interface ImportPolicy extends KubernetesObject {
  spec: {
    members: ImportPolicyMember[]
    namespaces: {
      /** `*`: all but those that begin with `kube-`. */
      names?: string[]
      selector?: LabelSelector
    }
  }
}

export interface ImportPolicyMember {
  /** `*`: every member. */
  clusterId: string
  /** CIDRs; without them any address. */
  addresses?: string[]
}

/** `metav1.LabelSelector`. */
export interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: LabelSelectorRequirement[]
}

export interface LabelSelectorRequirement {
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  values?: string[]
}
