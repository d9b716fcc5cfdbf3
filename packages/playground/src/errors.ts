/** The errors of the playground; listed in docs/reference/errors.md. */
import { type ErrorTemplate, EXIT } from '@isthmus/api'

export const ERRORS = {
  loopbackLimited: {
    code: 'ISTHMUS_LOOPBACK_LIMITED',
    exitCode: EXIT.unavailable,
    message: 'cannot listen on {address}: this system answers only on 127.0.0.1',
    remedy:
      'The playground gives every pod and Service an address in 127.0.0.0/8, which Linux and Windows answer as a whole. Run it in a Linux container or virtual machine, for example `docker run -it --rm -v "$PWD":/isthmus -w /isthmus node:24 sh -c "npm ci && npm start"`.',
  },
  noAddressBlock: {
    code: 'ISTHMUS_NO_ADDRESS_BLOCK',
    exitCode: EXIT.unavailable,
    message: 'no block of 127.0.0.0/8 is free: tried {first} to {last}, port {port}',
    remedy:
      'Every running playground holds one block. Stop those that are not needed, or the program that listens on port {port} of every address (`ss -ltnp sport = :{port}`).',
  },
  alreadyRunning: {
    code: 'ISTHMUS_PLAYGROUND_RUNNING',
    exitCode: EXIT.cannotCreate,
    message: 'a playground is already running from {home} (process {pid})',
    remedy:
      'Use it, stop it with Ctrl-C in its terminal, or set ISTHMUS_HOME to another folder for a second one.',
  },
  notRunning: {
    code: 'ISTHMUS_PLAYGROUND_NOT_RUNNING',
    exitCode: EXIT.unavailable,
    message: 'no playground is running from {home}',
    remedy:
      'Start one with `isthmus up` in this folder, or point ISTHMUS_HOME at the folder of the one that runs.',
  },
  homeUnwritable: {
    code: 'ISTHMUS_HOME_UNWRITABLE',
    exitCode: EXIT.cannotCreate,
    message: 'cannot write {path}: {reason}',
    remedy: 'Run it from a folder you may write to, or set ISTHMUS_HOME to one.',
  },
  unknownCluster: {
    code: 'ISTHMUS_UNKNOWN_CLUSTER',
    exitCode: EXIT.usage,
    message: 'the playground has no cluster {cluster}',
    remedy: 'Its clusters are: {clusters}.',
  },
  badClusters: {
    code: 'ISTHMUS_BAD_CLUSTERS',
    exitCode: EXIT.usage,
    message: 'cannot start clusters {clusters}: {reason}',
    remedy:
      'Give 1 to {limit} different names, each an RFC 1123 label: lower-case letters, digits and dashes.',
  },
  demoPortUnusable: {
    code: 'ISTHMUS_DEMO_PORT_UNUSABLE',
    exitCode: EXIT.unavailable,
    message: 'the demo service cannot listen on port {port}: {reason}',
    remedy:
      'Stop the program that listens on it on every address (`ss -ltnp sport = :{port}`), or choose another port with --demo-port: 1024 or higher, unless you are root.',
  },
  demoNotAnswering: {
    code: 'ISTHMUS_DEMO_NOT_ANSWERING',
    exitCode: EXIT.unavailable,
    message: 'after {seconds} s the demo service does not answer in every cluster: {reasons}',
    remedy: 'Is the machine very busy? Try again; if it is not, please report this with the reasons above.',
  },
  badRequest: {
    code: 'ISTHMUS_CONTROL_REQUEST',
    exitCode: EXIT.usage,
    message: 'the playground does not understand the request {request}',
    remedy: 'Use the same version of Isthmus for the playground and for the command.',
  },
} as const satisfies Record<string, ErrorTemplate>
