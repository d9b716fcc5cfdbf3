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
  cannotWriteFile: {
    code: 'ISTHMUS_CANNOT_WRITE_FILE',
    exitCode: EXIT.cannotCreate,
    message: 'cannot write {file}: {reason}',
    remedy: 'Give a path in a folder that exists and that you may write to.',
  },
  unexpected: {
    code: 'ISTHMUS_UNEXPECTED',
    exitCode: EXIT.software,
    message: '{message}',
    remedy:
      'This was not foreseen. Run it again with --debug (or ISTHMUS_DEBUG=1) and report what it prints.',
  },
} as const satisfies Record<string, ErrorTemplate>
