/** Who a TLS server is, and who it takes its clients for. */
import type { CertificateAuthority } from './certificate-authority.ts'
import type { ListenerTls } from './listener.ts'

export interface TlsOptions {
  /** Host names and IP addresses in the server's certificate, beside those of the loopback. */
  readonly hosts?: readonly string[]
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1']
/** What Pods call the API server. */
const IN_CLUSTER = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc']

/** A certificate for a server that listens on `host`. */
export async function serverIdentity(
  authority: CertificateAuthority,
  host: string,
  { hosts = [] }: TlsOptions,
): Promise<ListenerTls> {
  const names = new Set([...LOOPBACK, ...IN_CLUSTER, ...hosts, ...(isUnspecified(host) ? [] : [host])])
  return { server: await authority.issueServer([...names]), clientAuthority: authority.certificate }
}

const isUnspecified = (host: string): boolean => host === '0.0.0.0' || host === '::'
