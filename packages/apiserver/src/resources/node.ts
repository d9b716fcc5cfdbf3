import type { StoredObject } from '../registry/definition.ts'
import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import { builtIn } from './built-in.ts'

interface Node extends StoredObject {
  spec: { unschedulable?: boolean }
  status: {
    capacity?: Record<string, unknown>
    allocatable?: Record<string, unknown>
    conditions?: { type: string; status: string }[]
    addresses?: { type: string; address: string }[]
    nodeInfo?: {
      kubeletVersion?: string
      osImage?: string
      kernelVersion?: string
      containerRuntimeVersion?: string
    }
  }
}

const ROLE_LABEL = 'node-role.kubernetes.io/'

function condition({ spec, status }: Node): string {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return spec.unschedulable ? `${state},SchedulingDisabled` : state
}

function roles({ metadata }: Node): string {
  const found = Object.keys(metadata.labels ?? {})
    .filter(label => label.startsWith(ROLE_LABEL) && label.length > ROLE_LABEL.length)
    .map(label => label.slice(ROLE_LABEL.length))
  return found.sort().join(',') || '<none>'
}

const addressOf = (type: string) => (object: StoredObject) =>
  (object as Node).status.addresses?.find(address => address.type === type)?.address ?? '<none>'

const info = (field: keyof NonNullable<Node['status']['nodeInfo']>) => (object: StoredObject) =>
  (object as Node).status.nodeInfo?.[field] || '<unknown>'

const wide = { priority: 1 }

export const nodes = builtIn({
  group: '',
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  status: true,
  selectableFields: { 'spec.unschedulable': object => String((object as Node).spec.unschedulable ?? false) },
  emptyObject: { spec: {}, status: {} },
  columns: [
    NAME_COLUMN,
    column('Status', 'The status of the node', object => condition(object as Node)),
    column('Roles', 'The roles of the node', object => roles(object as Node)),
    AGE_COLUMN,
    column(
      'Version',
      'Kubelet version reported by the node.',
      object => (object as Node).status.nodeInfo?.kubeletVersion ?? '',
    ),
    column('Internal-IP', 'Address within the cluster.', addressOf('InternalIP'), wide),
    column('External-IP', 'Address from outside.', addressOf('ExternalIP'), wide),
    column('OS-Image', 'Operating system.', info('osImage'), wide),
    column('Kernel-Version', 'Kernel.', info('kernelVersion'), wide),
    column('Container-Runtime', 'What runs the containers.', info('containerRuntimeVersion'), wide),
  ],
  rules: {
    fill(object) {
      const node = object as Node
      node.spec ??= {}
      node.status ??= {}
      if (node.status.capacity) node.status.allocatable ??= { ...node.status.capacity }
    },
  },
})
