/** The errors of the API server itself; listed in docs/reference/errors.md. What clients get is a Status. */
import { type ErrorTemplate, EXIT } from '@isthmus/api'

export const ERRORS = {
  dataUnreadable: {
    code: 'ISTHMUS_APISERVER_DATA_UNREADABLE',
    exitCode: EXIT.data,
    message: 'cannot load the API server state from {file}: {cause}',
    remedy: 'Put back a file that an API server has written, or remove it to start empty.',
  },
} as const satisfies Record<string, ErrorTemplate>
