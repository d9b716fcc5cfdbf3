import { type ErrorTemplate, EXIT } from '@isthmus/api'

/** What a person may meet when a cluster is to be reached. Each code has a row in docs/reference/errors.md. */
export const ERRORS = {
  kubeconfigUnreadable: {
    code: 'ISTHMUS_KUBECONFIG_UNREADABLE',
    exitCode: EXIT.noInput,
    message: 'The {what} {file} cannot be read: {why}.',
    remedy: 'Name another one with --kubeconfig or $KUBECONFIG, or make this one readable.',
  },
  kubeconfigMissing: {
    code: 'ISTHMUS_KUBECONFIG_MISSING',
    exitCode: EXIT.noInput,
    message: 'There is no kubeconfig: neither {kubeconfig} nor the service account of a pod is there.',
    remedy: 'Name one with --kubeconfig or $KUBECONFIG.',
  },
  kubeconfigInvalid: {
    code: 'ISTHMUS_KUBECONFIG_INVALID',
    exitCode: EXIT.config,
    message: 'The kubeconfig {kubeconfig} cannot be used: {why}.',
    remedy: 'Compare it with `kubectl config view`, and correct it.',
  },
  contextUnknown: {
    code: 'ISTHMUS_CONTEXT_UNKNOWN',
    exitCode: EXIT.config,
    message: 'The kubeconfig {kubeconfig} has no context "{context}".',
    remedy: 'Use one of its contexts: {contexts}.',
  },
  credentialPluginFailed: {
    code: 'ISTHMUS_CREDENTIAL_PLUGIN_FAILED',
    exitCode: EXIT.noPermission,
    message: 'Credentials for {server} could not be had from {plugin}: {why}.',
    remedy: '{hint}',
  },
  clusterUnreachable: {
    code: 'ISTHMUS_CLUSTER_UNREACHABLE',
    exitCode: EXIT.unavailable,
    message: 'Could not {doing}: the API server {server}{context} cannot be reached: {why}.',
    remedy: '{hint}',
  },
  unauthorized: {
    code: 'ISTHMUS_UNAUTHORIZED',
    exitCode: EXIT.noPermission,
    message: 'Could not {doing}: the API server {server}{context} does not accept these credentials.',
    remedy: 'Renew the token or certificate of the context (log in again), then try `kubectl auth whoami`.',
  },
  forbidden: {
    code: 'ISTHMUS_FORBIDDEN',
    exitCode: EXIT.noPermission,
    message: 'Could not {doing}: you may not {verb} {resource} {scope}{context} ({answer}).',
    remedy:
      'Ask an administrator of the cluster for a role that allows it; `kubectl auth can-i {verb} {resource}` shows when you have it.',
  },
  kindMissing: {
    code: 'ISTHMUS_KIND_MISSING',
    exitCode: EXIT.unavailable,
    message:
      'Could not {doing}: the API server {server}{context} does not serve {resource}: its CustomResourceDefinition is not installed.',
    remedy: 'Run `isthmus install` for that cluster.',
  },
  notFound: {
    code: 'ISTHMUS_NOT_FOUND',
    exitCode: EXIT.failure,
    message: 'Could not {doing}: {answer}{context}.',
    remedy: 'Check the name, the namespace and the cluster.',
  },
  conflict: {
    code: 'ISTHMUS_CONFLICT',
    exitCode: EXIT.failure,
    message: 'Could not {doing}: {answer}{context}.',
    remedy: 'Look at what is there now, then try again.',
  },
  namespaceTerminating: {
    code: 'ISTHMUS_NAMESPACE_TERMINATING',
    exitCode: EXIT.failure,
    message: 'Could not {doing}: the namespace {namespace} is being deleted{context}.',
    remedy: 'Wait until it is gone, create it again, then try again.',
  },
  objectRefused: {
    code: 'ISTHMUS_OBJECT_REFUSED',
    exitCode: EXIT.data,
    message: 'Could not {doing}: the API server refused it{context}: {answer}.',
    remedy: 'Correct what it names, then try again.',
  },
  clusterBusy: {
    code: 'ISTHMUS_CLUSTER_BUSY',
    exitCode: EXIT.unavailable,
    message: 'Could not {doing}: the API server {server}{context} is overloaded or not ready: {answer}.',
    remedy: 'Try again in a moment; `kubectl get --raw=/readyz?verbose` shows what it waits for.',
  },
  clusterError: {
    code: 'ISTHMUS_CLUSTER_ERROR',
    exitCode: EXIT.software,
    message: 'Could not {doing}: the API server {server}{context} answered {status}: {answer}.',
    remedy: 'Look at the log of the API server, or of the webhook it names.',
  },
} as const satisfies Record<string, ErrorTemplate>
