/** Subresources of a pod that are no part of it: binding it to a node, evicting it, reaching into it. */
import type { Connection, StoredObject } from '../registry/definition.ts'
import { invalid as invalidField, required } from '../registry/field-error.ts'
import type { DeleteOptions } from '../rest/delete.ts'
import { cloneJson } from '../rest/json.ts'
import { formatTime } from '../rest/scalars.ts'
import { type LabelSelector, matchesLabelSelector } from '../selectors/label-selector.ts'
import { conflict, invalid } from '../status/failures.ts'
import { failure, type Status } from '../status/status.ts'
import { PODS } from './pod.ts'
import { type PodRuntime, podLogConnection } from './pod-logs.ts'
import type { Pod } from './pod-spec.ts'

const DISRUPTION_BUDGETS = { group: 'policy', plural: 'poddisruptionbudgets' }

const SUCCESS: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }

/** What a scheduler does: the pod's node is set, once. */
const binding: Connection = {
  name: 'binding',
  kind: 'Binding',
  verbs: ['create'],
  call(_verb, owner, body, { api, now }) {
    const pod = cloneJson(owner) as Pod
    const { target } = body as unknown as { target?: { kind?: string; name?: string } }
    const { name } = pod.metadata
    if (!target?.name) throw invalid('', 'Binding', name, [required('target.name')])
    if (target.kind !== undefined && target.kind !== 'Node') {
      throw invalid('', 'Binding', name, [invalidField('target.kind', target.kind, 'must be Node')])
    }
    if (pod.spec.nodeName) {
      throw conflict(
        { group: '', plural: 'pods/binding' },
        name,
        `pod ${name} is already assigned to node "${pod.spec.nodeName}"`,
      )
    }
    const scheduled = {
      type: 'PodScheduled',
      status: 'True',
      lastProbeTime: null,
      lastTransitionTime: formatTime(now),
    }
    const others = (pod.status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled')
    pod.spec.nodeName = target.name
    pod.status.conditions = [...others, scheduled]
    api.update(PODS, pod, 'binding')
    return SUCCESS
  },
}

/** A delete that a PodDisruptionBudget can refuse. */
const eviction: Connection = {
  name: 'eviction',
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  verbs: ['create'],
  call(_verb, owner, body, { api, storage }) {
    const { namespace, name, labels } = owner.metadata
    for (const budget of storage.list(DISRUPTION_BUDGETS, namespace)) {
      const { selector } = (budget.spec ?? {}) as { selector?: LabelSelector }
      const { disruptionsAllowed = 0 } = (budget.status ?? {}) as { disruptionsAllowed?: number }
      if (disruptionsAllowed > 0 || !matchesLabelSelector(selector, labels)) continue
      throw failure(
        429,
        'TooManyRequests',
        "Cannot evict pod as it would violate the pod's disruption budget.",
        {
          causes: [
            {
              reason: 'DisruptionBudget',
              message: `The disruption budget ${budget.metadata.name} allows no disruption`,
            },
          ],
        },
      )
    }
    const { deleteOptions } = body as unknown as { deleteOptions?: DeleteOptions }
    api.delete(PODS, namespace, name, deleteOptions)
    return SUCCESS
  },
}

/** Needs a kubelet's streaming protocol, which there is none to speak. */
const unserved = (name: string, kind: string, verbs: Connection['verbs']): Connection => ({
  name,
  kind,
  verbs,
  serve: async (owner: StoredObject) => {
    throw failure(
      501,
      'NotImplemented',
      `pods "${owner.metadata.name}": ${name} is not served: the nodes of this cluster have no kubelet that does it`,
    )
  },
})

export const podConnections = (runtime: PodRuntime | undefined): readonly Connection[] => [
  binding,
  eviction,
  podLogConnection(runtime),
  unserved('attach', 'PodAttachOptions', ['create', 'get']),
  unserved('exec', 'PodExecOptions', ['create', 'get']),
  unserved('portforward', 'PodPortForwardOptions', ['create', 'get']),
  unserved('proxy', 'PodProxyOptions', ['create', 'delete', 'get', 'patch', 'update']),
]
