/** How to reach one API server, and as whom. */
export interface Credentials {
  /** Base URL, without a final slash; it may have a path. */
  readonly server: string
  /** For messages: `context "east" of /home/me/.kube/config`. */
  readonly description: string
  /** The namespace of the kubeconfig's context. */
  readonly namespace?: string
  /**
   * What to send with the next request. Asked for each request, so that renewed tokens and certificates are
   * taken up; answers from a cache unless `refresh` says that the server refused the last answer.
   */
  access(options?: { refresh?: boolean }): Promise<Access>
}

export interface Access {
  /** Authorization, impersonation. */
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsAccess
  readonly proxyUrl?: string | undefined
}

export interface TlsAccess {
  /** PEM of the certificates to trust; the system's if not set. */
  readonly ca?: string | undefined
  /** PEM of the client certificate and its key. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** The name to expect in the server's certificate, if not the URL's host. */
  readonly serverName?: string | undefined
  readonly insecureSkipVerify?: boolean | undefined
}

/** Credentials that do not change: embedded clusters, peers, tests. */
export function staticCredentials(options: {
  server: string
  token?: string | undefined
  headers?: Record<string, string> | undefined
  tls?: TlsAccess | undefined
  proxyUrl?: string | undefined
  description?: string | undefined
  namespace?: string | undefined
}): Credentials {
  const headers: Record<string, string> = { ...options.headers }
  if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`
  const access: Access = { headers, tls: options.tls ?? {}, proxyUrl: options.proxyUrl }
  return {
    server: options.server.replace(/\/+$/, ''),
    description: options.description ?? options.server,
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    access: () => Promise.resolve(access),
  }
}
