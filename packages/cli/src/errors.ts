/** The errors of the command; listed in docs/reference/errors.md. */
import { type ErrorTemplate, EXIT } from '@isthmus/api'

export const ERRORS = {
  configUnreadable: {
    code: 'ISTHMUS_CONFIG_UNREADABLE',
    exitCode: EXIT.noInput,
    message: 'cannot read the configuration file {file}: {reason}',
    remedy: 'Give the path of a readable YAML file with --config; docs/reference/configuration.md shows one.',
  },
  configInvalid: {
    code: 'ISTHMUS_CONFIG_INVALID',
    exitCode: EXIT.config,
    message: '{mistakes}',
    remedy: '`isthmus agent --help` lists the settings; docs/reference/configuration.md explains them.',
  },
  identityUnknown: {
    code: 'ISTHMUS_IDENTITY_UNKNOWN',
    exitCode: EXIT.config,
    message: 'the cluster {server} has not joined a ClusterSet: there is no ClusterProperty {property}',
    remedy: 'Run `isthmus join` for it first; or give --cluster-id, --clusterset and its peers by hand.',
  },
  badUrl: {
    code: 'ISTHMUS_REQUEST_URL',
    exitCode: EXIT.usage,
    message: 'cannot request {url}: {reason}',
    remedy: 'Give an http URL, such as http://hello.demo.svc.clusterset.local:8080/.',
  },
  badValue: {
    code: 'ISTHMUS_BAD_VALUE',
    exitCode: EXIT.usage,
    message: '{what} {value} is not {wanted}',
    remedy: '`isthmus {command} --help` shows what is accepted.',
  },
  interrupted: {
    code: 'ISTHMUS_INTERRUPTED',
    exitCode: 130,
    message: 'Told to stop before it was done: {doing}',
    remedy: 'Run it again: what was done stays done, and it goes on from there.',
  },
  registryNotNamed: {
    code: 'ISTHMUS_REGISTRY_NOT_NAMED',
    exitCode: EXIT.usage,
    message: 'It was not said where the registry of the ClusterSet is',
    remedy:
      'Give its context with --registry-context (and --registry-kubeconfig, if it is in another file), as it was given to `isthmus init`.',
  },
  leaveWhom: {
    code: 'ISTHMUS_LEAVE_WHOM',
    exitCode: EXIT.usage,
    message: 'It was not said which cluster is to leave',
    remedy:
      'Give its context with --context; or, if the cluster is gone for good, its id with --cluster-id. Not both.',
  },
  acceptWhom: {
    code: 'ISTHMUS_ACCEPT_WHOM',
    exitCode: EXIT.usage,
    message: 'It was not said whose announcement is to be believed',
    remedy: 'Give the member with --peer; make sure of its address and authority first.',
  },
  authorityUnreadable: {
    code: 'ISTHMUS_AUTHORITY_UNREADABLE',
    exitCode: EXIT.noInput,
    message: 'The certificate authority {file} cannot be read: {reason}',
    remedy: 'Give the path of a PEM file with the certificate that the API server is verified by.',
  },
  apiserverPortInUse: {
    code: 'ISTHMUS_APISERVER_PORT_IN_USE',
    exitCode: EXIT.unavailable,
    message: 'cannot serve the API on {host}:{port}: the port is in use',
    remedy: 'Give another port with --port (0: any that is free), or stop what listens there.',
  },
  apiserverNotListening: {
    code: 'ISTHMUS_APISERVER_NOT_LISTENING',
    exitCode: EXIT.unavailable,
    message: 'cannot serve the API on {host}:{port}: {reason}',
    remedy: 'Give an address of this machine with --host, and a port that you may use with --port.',
  },
  cannotWriteFile: {
    code: 'ISTHMUS_CANNOT_WRITE_FILE',
    exitCode: EXIT.cannotCreate,
    message: 'cannot write {file}: {reason}',
    remedy: 'Give a path in a folder that exists and that you may write to.',
  },
  unknownMember: {
    code: 'ISTHMUS_UNKNOWN_MEMBER',
    exitCode: EXIT.usage,
    message: 'the kubeconfig leads to no member {cluster}; {why}',
    remedy: 'Give the id of a member, or its context; `isthmus status` lists them.',
  },
  unexpected: {
    code: 'ISTHMUS_UNEXPECTED',
    exitCode: EXIT.software,
    message: '{message}',
    remedy:
      'This was not foreseen. Run it again with --debug (or ISTHMUS_DEBUG=1) and report what it prints.',
  },
} as const satisfies Record<string, ErrorTemplate>
