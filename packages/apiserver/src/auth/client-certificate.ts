/** The user that a TLS client certificate names. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { UserInfo } from '../registry/definition.ts'

/** What a connection's certificate says: a user, nothing, or something that nobody vouches for. */
export type CertificateIdentity = UserInfo | 'none' | 'untrusted'

/** A connection keeps its certificate, and taking one apart is slow. */
const known = new WeakMap<object, CertificateIdentity>()

/**
 * Common name and organizations of a certificate that the server's authority has signed for clients. The
 * handshake has checked that; it goes on without, so that the answer can be a 401.
 */
export function certificateIdentity(socket: Socket | TLSSocket): CertificateIdentity {
  if (!('getPeerCertificate' in socket)) return 'none'
  // An HTTP/2 request's socket is a proxy of its own; the one behind it is the connection's.
  let identity = known.get(socket)
  if (identity === undefined) known.set(socket, (identity = read(socket)))
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
