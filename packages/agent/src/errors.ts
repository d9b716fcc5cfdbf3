/** The errors of an agent that cannot do its work; listed in docs/reference/errors.md. */
import { type ErrorTemplate, EXIT } from '@isthmus/api'

export const ERRORS = {
  idTaken: {
    code: 'ISTHMUS_CLUSTER_ID_TAKEN',
    exitCode: EXIT.config,
    message: 'this cluster is already {property}={existing}, and the agent was started as {wanted}',
    remedy:
      'Start the agent as {existing}. To rename the cluster, withdraw its exports first and then delete ClusterProperty {property}.',
  },
  idInvalid: {
    code: 'ISTHMUS_CLUSTER_ID_INVALID',
    exitCode: EXIT.usage,
    message: '"{id}" cannot be a cluster id',
    remedy: 'Use one RFC 1123 label: lower-case letters, digits and hyphens, at most 63, such as `east-1`.',
  },
  idTwice: {
    code: 'ISTHMUS_CLUSTER_ID_TWICE',
    exitCode: EXIT.usage,
    message: 'the cluster id {id} is given to two members',
    remedy: 'Give every member an id of its own; the peers do not include the cluster itself.',
  },
  permissionMissing: {
    code: 'ISTHMUS_PERMISSION_MISSING',
    exitCode: EXIT.noPermission,
    message: 'Could not {doing}: {what}',
    remedy: '{wayOut}.',
  },
  namespaceMissing: {
    code: 'ISTHMUS_NAMESPACE_MISSING',
    exitCode: EXIT.config,
    message: 'there is no namespace {namespace} in the cluster {server}',
    remedy: 'Run `isthmus install` for this cluster, with the same kubeconfig and context.',
  },
} as const satisfies Record<string, ErrorTemplate>
