/** The errors of an installation; listed in docs/reference/errors.md. */
import { type ErrorTemplate, EXIT } from '@isthmus/api'

export const ERRORS = {
  objectInTheWay: {
    code: 'ISTHMUS_INSTALL_OBJECT_IN_THE_WAY',
    exitCode: EXIT.cannotCreate,
    message: '{kind} {name} is there already and was not made by Isthmus',
    remedy:
      'Remove or rename it, or label it app.kubernetes.io/managed-by=isthmus.dev if Isthmus may have it, and install again.',
  },
  namespaceTerminating: {
    code: 'ISTHMUS_INSTALL_NAMESPACE_TERMINATING',
    exitCode: EXIT.unavailable,
    message: 'namespace {name} is being deleted',
    remedy: 'Wait until it is gone (`kubectl wait --for=delete namespace/{name}`), and install again.',
  },
  definitionUnusable: {
    code: 'ISTHMUS_INSTALL_CRD_UNUSABLE',
    exitCode: EXIT.config,
    message: 'the CustomResourceDefinition {name} of this cluster, which is not from Isthmus, {shortcomings}',
    remedy:
      'Have whoever installed it bring it to mcs-api v0.5 or later; or, if nothing uses it any more, delete it, and install again.',
  },
  notEstablished: {
    code: 'ISTHMUS_INSTALL_CRD_NOT_ESTABLISHED',
    exitCode: EXIT.unavailable,
    message: 'the API server did not begin to serve {name} within {seconds} s: {reason}',
    remedy: 'See what `kubectl describe crd {name}` says of its names; another CRD may use them.',
  },
} as const satisfies Record<string, ErrorTemplate>
