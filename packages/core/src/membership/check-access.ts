import type { ApiAccess } from '@isthmus/api'
import { isDNSSubdomain } from '../check/formats.ts'

const MAX_SERVER = 2048
/** A dozen certificates; CAs that roll over have two. */
const MAX_CERTIFICATE_AUTHORITY = 64 * 1024
const PEM = /^(?:\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----)+\s*$/

/**
 * How to reach an API server, as someone else says it. A token is sent there: over TLS alone.
 * @returns undefined where it is not well-formed.
 */
export function checkAccess(value: unknown): ApiAccess | undefined {
  const { server, certificateAuthority, tlsServerName } = fields(value)
  if (!isServer(server)) return undefined
  if (certificateAuthority !== undefined && !isCertificateAuthority(certificateAuthority)) return undefined
  if (tlsServerName !== undefined && !isServerName(tlsServerName)) return undefined
  return {
    server,
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
  }
}

export function isSameAccess(one: ApiAccess, other: ApiAccess): boolean {
  return (
    one.server === other.server &&
    one.certificateAuthority === other.certificateAuthority &&
    one.tlsServerName === other.tlsServerName
  )
}

/** A record's fields; none, where it is no record. */
export function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function isServer(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_SERVER || !URL.canParse(value)) return false
  const { protocol, username, password, search, hash } = new URL(value)
  return protocol === 'https:' && username + password + search + hash === ''
}

function isCertificateAuthority(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_CERTIFICATE_AUTHORITY && PEM.test(value)
}

function isServerName(value: unknown): value is string {
  return typeof value === 'string' && isDNSSubdomain(value.toLowerCase())
}
