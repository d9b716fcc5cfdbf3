/** The errors of the health server; listed in docs/reference/errors.md. */
import { type ErrorTemplate, EXIT } from '@isthmus/api'

export const ERRORS = {
  healthPortInUse: {
    code: 'ISTHMUS_HEALTH_PORT_IN_USE',
    exitCode: EXIT.unavailable,
    message: 'cannot serve health and metrics on {host}:{port}: the port is in use',
    remedy:
      'Give another address, as in `--health 127.0.0.1:0` for any free port, or stop what listens there.',
  },
  healthNotListening: {
    code: 'ISTHMUS_HEALTH_NOT_LISTENING',
    exitCode: EXIT.unavailable,
    message: 'cannot serve health and metrics on {host}:{port}: {reason}',
    remedy: 'Give an address of this machine and a port that you may use, as in `--health 127.0.0.1:9080`.',
  },
} as const satisfies Record<string, ErrorTemplate>
