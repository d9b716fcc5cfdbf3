/** How to reach one API server, and as whom. */
export interface Credentials {
  /** Base URL, without a final slash; it may have a path. */
  readonly server: string
  /** For messages: `context "east" of /home/me/.kube/config`. */
  readonly description: string
  /** The namespace of the kubeconfig's context, or the pod's. */
  readonly namespace?: string
  /**
   * What to send with the next request. It is asked for each request, so that renewed tokens and certificates
   * are taken up, and answers from a cache, with the same object while nothing changes; unless `refresh` says
   * that the server refused what was in the cache.
   */
  access(options?: { refresh?: boolean }): Promise<Access>
}

export interface Access {
  /** Authorization, impersonation. */
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly tls: TlsAccess
  /** `http:`, `https:` or `socks5:`. */
  readonly proxyUrl?: string | undefined
}

export interface TlsAccess {
  /** PEM of the authorities to trust; the system's if not set. */
  readonly ca?: string | undefined
  /** PEM of the client certificate, and of its key. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** The name to expect in the server's certificate, if it is not the URL's host. */
  readonly serverName?: string | undefined
  readonly insecureSkipVerify?: boolean | undefined
}

export interface StaticCredentialsOptions {
  server: string
  token?: string | undefined
  headers?: Record<string, string> | undefined
  tls?: TlsAccess | undefined
  proxyUrl?: string | undefined
  /** Default: the server's URL. */
  description?: string | undefined
  namespace?: string | undefined
}

/** Credentials that do not change: of embedded clusters, and of peers. */
export function staticCredentials(options: StaticCredentialsOptions): Credentials {
  const authorization = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }
  const headers = { ...options.headers, ...authorization }
  const access = Promise.resolve({ headers, tls: options.tls ?? {}, proxyUrl: options.proxyUrl })
  return {
    server: options.server.replace(/\/+$/, ''),
    description: options.description ?? options.server,
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    access: () => access,
  }
}
