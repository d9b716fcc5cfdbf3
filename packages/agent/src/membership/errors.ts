import { type ErrorTemplate, EXIT } from '@isthmus/api'

/** What a person may meet where members issue credentials to each other. Each code has a row in docs/reference/errors.md. */
export const ERRORS = {
  readersFull: {
    code: 'ISTHMUS_READERS_FULL',
    exitCode: EXIT.unavailable,
    message:
      'there is no place for {reader}: all {slots} accounts for readers in namespace {namespace} are taken',
    remedy:
      'Let members that are gone leave: `isthmus leave --cluster-id <id>`; `isthmus members` lists them all.',
  },
} as const satisfies Record<string, ErrorTemplate>
