/** What `kubectl get` shows of the kept kinds beside name and age, field by field. */
import type { Column, StoredObject } from '../registry/definition.ts'
import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import { formatSelector } from '../rest/scale.ts'
import type { LabelSelector } from '../selectors/label-selector.ts'

const UNSET = '<unset>'
const NONE = '<none>'
const INTEGER = { type: 'integer' } as const
const WIDE = { priority: 1 } as const

/** The value at a path such as `spec.capacity.storage`. */
function at<T>(object: StoredObject, path: string): T | undefined {
  const found = path
    .split('.')
    .reduce<unknown>((parent, field) => (parent as Record<string, unknown> | undefined)?.[field], object)
  return found as T | undefined
}

/** A column that shows the field at a path, or a word if it is not set. */
const field = (name: string, description: string, path: string, unset: unknown = '', more = {}): Column =>
  column(name, description, object => at(object, path) ?? unset, more)

const between = (...columns: readonly Column[]): readonly Column[] => [NAME_COLUMN, ...columns, AGE_COLUMN]

const ACCESS_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

const accessModes = (path: string) => (object: StoredObject) => {
  const modes = new Set(at<string[]>(object, path))
  return Object.entries(ACCESS_MODES)
    .filter(([mode]) => modes.has(mode))
    .map(([, short]) => short)
    .join(',')
}

/** kubectl shows no more than this many addresses. */
const SHOWN_ADDRESSES = 3

interface Subset {
  readonly addresses?: readonly { readonly ip: string }[]
  readonly ports?: readonly { readonly port: number }[]
}

function endpointsText(object: StoredObject): string {
  const subsets = (object.subsets ?? []) as readonly Subset[]
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) =>
          addresses.map(({ ip }) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`),
        ),
  )
  const shown = all.slice(0, SHOWN_ADDRESSES).join(',') || NONE
  return all.length > SHOWN_ADDRESSES ? `${shown} + ${all.length - SHOWN_ADDRESSES} more...` : shown
}

interface IngressSpec {
  readonly rules?: readonly { readonly host?: string }[]
  readonly tls?: readonly unknown[]
}
interface IngressPoint {
  readonly ip?: string
  readonly hostname?: string
}

function ingressHosts(object: StoredObject): string {
  const hosts = ((object.spec ?? {}) as IngressSpec).rules?.map(({ host }) => host).filter(Boolean) ?? []
  if (hosts.length === 0) return '*'
  return hosts.length > SHOWN_ADDRESSES
    ? `${hosts.slice(0, SHOWN_ADDRESSES).join(',')} + ${hosts.length - SHOWN_ADDRESSES} more...`
    : hosts.join(',')
}

const ingressAddress = (object: StoredObject) =>
  (at<IngressPoint[]>(object, 'status.loadBalancer.ingress') ?? [])
    .map(({ ip, hostname }) => ip ?? hostname ?? '')
    .join(',')

/** `requests.cpu: 1/2, pods: 0/3`: used and hard, of limits or of all else. */
const quota =
  (isOfLimits: boolean) =>
  (object: StoredObject): string => {
    const used = at<Record<string, string>>(object, 'status.used') ?? {}
    return Object.entries(at<Record<string, string>>(object, 'status.hard') ?? {})
      .filter(([resource]) => resource.startsWith('limits') === isOfLimits)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([resource, hard]) => `${resource}: ${used[resource] ?? '0'}/${hard}`)
      .join(', ')
  }

interface Parameters {
  readonly apiGroup?: string
  readonly kind: string
  readonly name: string
}

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class'

/** By kind; a kind that is not here has a name and an age. */
export const KEPT_COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  Endpoints: between(column('Endpoints', 'Addresses and ports.', endpointsText)),
  LimitRange: [
    NAME_COLUMN,
    { ...AGE_COLUMN, name: 'Created At', cell: ({ metadata }) => metadata.creationTimestamp },
  ],
  PersistentVolume: [
    NAME_COLUMN,
    field('Capacity', 'How much it holds.', 'spec.capacity.storage'),
    column('Access Modes', 'All ways that it can be mounted in.', accessModes('spec.accessModes')),
    field('Reclaim Policy', 'What happens when its claim goes.', 'spec.persistentVolumeReclaimPolicy'),
    field('Status', 'The phase that it is in.', 'status.phase'),
    column('Claim', 'Who has it.', object => {
      const claim = at<{ namespace: string; name: string }>(object, 'spec.claimRef')
      return claim === undefined ? '' : `${claim.namespace}/${claim.name}`
    }),
    field('StorageClass', 'The class that it belongs to.', 'spec.storageClassName'),
    field('VolumeAttributesClass', 'The attributes asked for.', 'spec.volumeAttributesClassName', UNSET),
    field('Reason', 'Why it is in a phase of failure.', 'status.reason'),
    AGE_COLUMN,
    field('VolumeMode', 'A file system or a block device.', 'spec.volumeMode', UNSET, WIDE),
  ],
  PersistentVolumeClaim: [
    NAME_COLUMN,
    field('Status', 'The phase that it is in.', 'status.phase'),
    field('Volume', 'What it has got.', 'spec.volumeName'),
    field('Capacity', 'How much that holds.', 'status.capacity.storage'),
    column('Access Modes', 'The ways that it is mounted in.', accessModes('status.accessModes')),
    field('StorageClass', 'The class that was asked for.', 'spec.storageClassName'),
    field('VolumeAttributesClass', 'The attributes asked for.', 'spec.volumeAttributesClassName', UNSET),
    AGE_COLUMN,
    field('VolumeMode', 'A file system or a block device.', 'spec.volumeMode', UNSET, WIDE),
  ],
  ResourceQuota: between(
    column('Request', 'Used and allowed: requests and counts.', quota(false)),
    column('Limit', 'Used and allowed: limits.', quota(true)),
  ),
  ControllerRevision: [
    NAME_COLUMN,
    column('Controller', 'Whose state it keeps.', ({ metadata }) => {
      const owner = metadata.ownerReferences?.find(({ controller }) => controller)
      if (owner === undefined) return NONE
      const [group = ''] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : []
      return `${owner.kind.toLowerCase()}${group && `.${group}`}/${owner.name}`
    }),
    field('Revision', 'Number of the state.', 'revision', 0),
    AGE_COLUMN,
  ],
  HorizontalPodAutoscaler: between(
    column(
      'Reference',
      'What it scales.',
      object => `${at(object, 'spec.scaleTargetRef.kind')}/${at(object, 'spec.scaleTargetRef.name')}`,
    ),
    column('Targets', 'What it measures, and what that should be.', object =>
      at<unknown[]>(object, 'spec.metrics')?.length ? '<unknown>' : NONE,
    ),
    column('MinPods', 'No fewer than these.', object => String(at(object, 'spec.minReplicas') ?? UNSET)),
    field('MaxPods', 'No more than these.', 'spec.maxReplicas', 0, INTEGER),
    field('Replicas', 'How many there are.', 'status.currentReplicas', 0, INTEGER),
  ),
  Ingress: between(
    field('Class', 'The class of the controller that serves it.', 'spec.ingressClassName', NONE),
    column('Hosts', 'Hosts that it is for.', ingressHosts),
    column('Address', 'Where it is reached.', ingressAddress),
    column('Ports', 'Ports that it listens on.', object =>
      ((object.spec ?? {}) as IngressSpec).tls?.length ? '80, 443' : '80',
    ),
  ),
  IngressClass: between(
    field('Controller', 'Who serves Ingresses of this class.', 'spec.controller'),
    column('Parameters', 'Where that one finds more.', object => {
      const parameters = at<Parameters>(object, 'spec.parameters')
      if (parameters === undefined) return NONE
      const { apiGroup, kind, name } = parameters
      return `${kind}${apiGroup ? `.${apiGroup}` : ''}/${name}`
    }),
  ),
  ServiceCIDR: between(
    column('CIDRs', 'Ranges of Service IPs.', object => at<string[]>(object, 'spec.cidrs')?.join(',') ?? ''),
  ),
  NetworkPolicy: between(
    column(
      'Pod-Selector',
      'Pods that it is for.',
      object => formatSelector(at<LabelSelector>(object, 'spec.podSelector')) || NONE,
    ),
  ),
  PodDisruptionBudget: between(
    column('Min Available', 'Pods that have to stay.', object =>
      String(at(object, 'spec.minAvailable') ?? 'N/A'),
    ),
    column('Max Unavailable', 'Pods that may go.', object =>
      String(at(object, 'spec.maxUnavailable') ?? 'N/A'),
    ),
    field('Allowed Disruptions', 'How many may go now.', 'status.disruptionsAllowed', 0, INTEGER),
  ),
  PriorityClass: [
    NAME_COLUMN,
    field('Value', 'The priority.', 'value', 0, INTEGER),
    field('Global-Default', 'Whether pods without a class have it.', 'globalDefault', false, {
      type: 'boolean',
    }),
    AGE_COLUMN,
    field('PreemptionPolicy', 'Whether others make room.', 'preemptionPolicy', ''),
  ],
  StorageClass: [
    {
      ...NAME_COLUMN,
      cell: ({ metadata }) =>
        metadata.annotations?.[DEFAULT_CLASS] === 'true' ? `${metadata.name} (default)` : metadata.name,
    },
    field('Provisioner', 'Who makes the volumes.', 'provisioner'),
    field('ReclaimPolicy', 'What happens when a claim goes.', 'reclaimPolicy', 'Delete'),
    field('VolumeBindingMode', 'When a volume is made.', 'volumeBindingMode', 'Immediate'),
    field('AllowVolumeExpansion', 'Whether a volume can grow.', 'allowVolumeExpansion', false),
    AGE_COLUMN,
  ],
  RuntimeClass: between(field('Handler', 'What runs its pods.', 'handler')),
}
