/**
 * Kinds that manifests and charts bring along and that nothing here acts on: they are kept, checked
 * against their fields, and given back. docs/reference/apiserver.md says so.
 */
import type { ResourceDefinition } from '../registry/definition.ts'
import { type BuiltIn, builtIn } from './built-in.ts'
import { KEPT_COLUMNS } from './kept-columns.ts'
import {
  cronJobRules,
  daemonSetRules,
  jobRules,
  podTemplateRules,
  replicationControllerRules,
} from './kept-defaults.ts'
import {
  CRON_JOB_COLUMNS,
  DAEMON_SET_COLUMNS,
  JOB_COLUMNS,
  REPLICATION_CONTROLLER_COLUMNS,
} from './kept-workload-columns.ts'

const WITH_SPEC = { hasGeneration: true, status: true } as const
const CLUSTER = { namespaced: false } as const

const document = (
  group: string,
  kind: string,
  plural: string,
  more: Partial<BuiltIn> = {},
): ResourceDefinition => {
  const columns = KEPT_COLUMNS[kind]
  return builtIn({ group, kind, plural, ...(columns && { columns }), ...more })
}

export const keptDocuments: readonly ResourceDefinition[] = [
  document('', 'Endpoints', 'endpoints', {
    singular: 'endpoints',
    listKind: 'EndpointsList',
    shortNames: ['ep'],
    createOnUpdate: true,
    deprecationWarning: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  }),
  document('', 'LimitRange', 'limitranges', { shortNames: ['limits'] }),
  document('', 'PersistentVolume', 'persistentvolumes', {
    ...CLUSTER,
    status: true,
    shortNames: ['pv'],
    deleteAnswersObject: true,
  }),
  document('', 'PersistentVolumeClaim', 'persistentvolumeclaims', {
    status: true,
    shortNames: ['pvc'],
    deleteAnswersObject: true,
  }),
  document('', 'PodTemplate', 'podtemplates', {
    deleteAnswersObject: true,
    hasGeneration: true,
    rules: podTemplateRules,
  }),
  document('', 'ReplicationController', 'replicationcontrollers', {
    ...WITH_SPEC,
    rules: replicationControllerRules,
    columns: REPLICATION_CONTROLLER_COLUMNS,
    scale: { specReplicasPath: 'spec.replicas', statusReplicasPath: 'status.replicas' },
    shortNames: ['rc'],
    categories: ['all'],
  }),
  document('', 'ResourceQuota', 'resourcequotas', {
    status: true,
    shortNames: ['quota'],
    deleteAnswersObject: true,
  }),
  document('apps', 'ControllerRevision', 'controllerrevisions'),
  document('apps', 'DaemonSet', 'daemonsets', {
    ...WITH_SPEC,
    rules: daemonSetRules,
    columns: DAEMON_SET_COLUMNS,
    shortNames: ['ds'],
    categories: ['all'],
  }),
  document('batch', 'CronJob', 'cronjobs', {
    ...WITH_SPEC,
    rules: cronJobRules,
    columns: CRON_JOB_COLUMNS,
    shortNames: ['cj'],
    categories: ['all'],
  }),
  document('batch', 'Job', 'jobs', {
    ...WITH_SPEC,
    rules: jobRules,
    columns: JOB_COLUMNS,
    categories: ['all'],
  }),
  document('autoscaling', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', {
    version: 'v2',
    status: true,
    shortNames: ['hpa'],
    categories: ['all'],
  }),
  document('networking.k8s.io', 'Ingress', 'ingresses', { ...WITH_SPEC, shortNames: ['ing'] }),
  document('networking.k8s.io', 'IngressClass', 'ingressclasses', { ...CLUSTER, hasGeneration: true }),
  document('networking.k8s.io', 'NetworkPolicy', 'networkpolicies', {
    hasGeneration: true,
    shortNames: ['netpol'],
  }),
  document('networking.k8s.io', 'ServiceCIDR', 'servicecidrs', {
    ...CLUSTER,
    status: true,
    // There is one, of the ranges that the server was started with.
    verbs: ['get', 'list', 'watch'],
  }),
  document('policy', 'PodDisruptionBudget', 'poddisruptionbudgets', {
    ...WITH_SPEC,
    shortNames: ['pdb'],
    unconditionalUpdate: false,
  }),
  document('scheduling.k8s.io', 'PriorityClass', 'priorityclasses', {
    ...CLUSTER,
    hasGeneration: true,
    shortNames: ['pc'],
  }),
  document('storage.k8s.io', 'StorageClass', 'storageclasses', {
    ...CLUSTER,
    shortNames: ['sc'],
    deleteAnswersObject: true,
  }),
  document('node.k8s.io', 'RuntimeClass', 'runtimeclasses', { ...CLUSTER, unconditionalUpdate: false }),
]
