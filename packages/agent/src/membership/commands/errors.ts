/** What an administrator may meet who makes, joins or leaves a ClusterSet; each code has a row in docs/reference/errors.md. */
import { type ErrorTemplate, EXIT } from '@isthmus/api'

export const ERRORS = {
  initRefused: {
    code: 'ISTHMUS_INIT_REFUSED',
    exitCode: EXIT.config,
    message: 'Could not make the ClusterSet {clusterset}: {reason}',
    remedy: '{remedy}',
  },
  registryNotFound: {
    code: 'ISTHMUS_REGISTRY_NOT_FOUND',
    exitCode: EXIT.config,
    message: 'Could not find the registry at {server}: {reason}',
    remedy: '{remedy}',
  },
  joinRefused: {
    code: 'ISTHMUS_JOIN_REFUSED',
    exitCode: EXIT.config,
    message: 'Could not join {clusterset} as {clusterId}; nothing was changed: {problems}',
    remedy: '{remedy}',
  },
  notLinked: {
    code: 'ISTHMUS_NOT_LINKED',
    exitCode: EXIT.unavailable,
    message: '{clusterId} is a member of {clusterset}, and is not linked with all others yet:{reasons}',
    remedy: 'Mend what is named; the links follow by themselves. `isthmus members` shows them at any time.',
  },
  notAMember: {
    code: 'ISTHMUS_NOT_A_MEMBER',
    exitCode: EXIT.config,
    message: 'There is no member {clusterId} in {clusterset}; there are: {members}',
    remedy: 'Name one of them; `isthmus members` lists them.',
  },
  notJoined: {
    code: 'ISTHMUS_NOT_JOINED',
    exitCode: EXIT.config,
    message: 'The cluster {server} has not joined a ClusterSet',
    remedy: 'Check --kubeconfig and --context, or join with `isthmus join`.',
  },
  agentRuns: {
    code: 'ISTHMUS_AGENT_STILL_RUNS',
    exitCode: EXIT.unavailable,
    message: 'The agent of {clusterId} ({holder}) has been told to stop, and still runs after {seconds} s',
    remedy: 'Stop it (and what starts it again), then run this again; all that was done so far stays done.',
  },
  agentWouldRestart: {
    code: 'ISTHMUS_AGENT_WOULD_RESTART',
    exitCode: EXIT.unavailable,
    message: '{workloads} would start the agent of {clusterId} again when it has left; nothing was removed',
    remedy:
      'End it, then run this again (with --force it goes on, and that agent finds no account any more):{commands}',
  },
  relinkUnanswered: {
    code: 'ISTHMUS_RELINK_UNANSWERED',
    exitCode: EXIT.unavailable,
    message:
      '{peers} did not issue a new credential to {clusterId} yet: what {clusterId} had there still works',
    remedy:
      'See that their agents run and reach the registry: they answer when they do. To end it at once, in each of their clusters: kubectl -n isthmus-exchange delete serviceaccounts -l isthmus.dev/reader={clusterId}',
  },
  membersSilent: {
    code: 'ISTHMUS_MEMBERS_SILENT',
    exitCode: EXIT.unavailable,
    message: '{members} did not confirm that what {clusterId} exports was withdrawn there',
    remedy:
      'See that their agents run and reach the registry, then run this again; with --force it goes on without them, and they withdraw it when they reach the registry again.',
  },
} as const satisfies Record<string, ErrorTemplate>
