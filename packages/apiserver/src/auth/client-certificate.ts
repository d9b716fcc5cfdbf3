/** The user that a TLS client certificate names. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { UserInfo } from '../registry/definition.ts'

/** What a connection's certificate says: a user, nothing, or something that nobody vouches for. */
export type CertificateIdentity = UserInfo | 'none' | 'untrusted'

/** A request of HTTP/1.1 or HTTP/2. */
export interface ConnectedRequest {
  readonly socket: Socket
  /** HTTP/2 alone: its requests have a proxy of the socket each, but share the session. */
  readonly stream?: { readonly session?: object | undefined }
}

/** Taking a certificate apart is slow, and a connection keeps the one it came with. */
const known = new WeakMap<object, CertificateIdentity>()

/**
 * Common name and organizations of a certificate that the server's authority has signed for clients. The
 * handshake has checked that; it goes on without, so that the answer can be a 401.
 */
export function certificateIdentity({ socket, stream }: ConnectedRequest): CertificateIdentity {
  if (!('getPeerCertificate' in socket)) return 'none'
  const connection = stream?.session ?? socket
  const identity = known.get(connection) ?? read(socket as TLSSocket)
  known.set(connection, identity)
  return identity
}

function read(socket: TLSSocket): CertificateIdentity {
  const certificate = socket.getPeerCertificate()
  if (certificate?.raw === undefined) return 'none'
  if (!socket.authorized) return 'untrusted'
  const { CN, O = [] } = certificate.subject as unknown as { CN?: string | string[]; O?: string | string[] }
  const username = [CN ?? ''].flat()[0] ?? ''
  if (username === '') return 'untrusted'
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  return {
    username,
    groups: [O].flat(),
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
  }
}
