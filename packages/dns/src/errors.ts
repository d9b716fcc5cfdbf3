/** The errors of the DNS server; listed in docs/reference/errors.md. */
import { type ErrorTemplate, EXIT } from '@isthmus/api'

export const ERRORS = {
  portInUse: {
    code: 'ISTHMUS_DNS_PORT_IN_USE',
    exitCode: EXIT.unavailable,
    message: 'cannot answer DNS on {address}, port {port}: {transport} port {port} is in use',
    remedy: 'Give another port, or stop what listens there: `ss -lnptu sport = :{port}` shows it.',
  },
  portForbidden: {
    code: 'ISTHMUS_DNS_PORT_FORBIDDEN',
    exitCode: EXIT.noPermission,
    message: 'cannot answer DNS on {address}, port {port}: this user may not use the port',
    remedy: 'Give a port from 1024 up, or the capability NET_BIND_SERVICE, which ports below ask for.',
  },
  addressUnusable: {
    code: 'ISTHMUS_DNS_ADDRESS_UNUSABLE',
    exitCode: EXIT.usage,
    message: 'cannot answer DNS on {address}, port {port}: {reason}',
    remedy: 'Give an IP address of this machine, such as 127.0.0.1, or 0.0.0.0 or :: for all of them.',
  },
} as const satisfies Record<string, ErrorTemplate>

/** Which error each code of the system is; another is {@link ERRORS.addressUnusable}. */
export const BY_SYSTEM_CODE: Readonly<Record<string, ErrorTemplate>> = {
  EADDRINUSE: ERRORS.portInUse,
  EACCES: ERRORS.portForbidden,
}
