/** A kubeconfig for one user of one server, as a plain object: JSON is YAML, so kubectl reads it either way. */

export interface Kubeconfig {
  readonly apiVersion: 'v1'
  readonly kind: 'Config'
  readonly clusters: readonly { readonly name: string; readonly cluster: KubeconfigCluster }[]
  readonly users: readonly { readonly name: string; readonly user: KubeconfigUser }[]
  readonly contexts: readonly { readonly name: string; readonly context: KubeconfigContext }[]
  readonly 'current-context': string
}

export interface KubeconfigCluster {
  readonly server: string
  readonly 'certificate-authority-data'?: string
}

export interface KubeconfigUser {
  readonly 'client-certificate-data'?: string
  readonly 'client-key-data'?: string
  readonly token?: string
}

export interface KubeconfigContext {
  readonly cluster: string
  readonly user: string
  readonly namespace?: string
}

export interface KubeconfigOptions {
  /** Name of the context and of the cluster. */
  readonly cluster: string
  /** `https://127.0.0.1:6443` */
  readonly server: string
  /** The authority's certificate, in PEM; left out without TLS. */
  readonly certificateAuthority?: string
  readonly username: string
  /** What proves who the user is; left out on a server without authentication. */
  readonly credential?:
    | { readonly certificate: string; readonly privateKey: string }
    | { readonly token: string }
}

export function kubeconfig(options: KubeconfigOptions): Kubeconfig {
  const { cluster, server, certificateAuthority, username, credential } = options
  const user = `${username}@${cluster}`
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: cluster,
        cluster: {
          server,
          ...(certificateAuthority && { 'certificate-authority-data': base64(certificateAuthority) }),
        },
      },
    ],
    users: [{ name: user, user: userOf(credential) }],
    contexts: [{ name: cluster, context: { cluster, user } }],
    'current-context': cluster,
  }
}

function userOf(credential: KubeconfigOptions['credential']): KubeconfigUser {
  if (credential === undefined) return {}
  if ('token' in credential) return { token: credential.token }
  return {
    'client-certificate-data': base64(credential.certificate),
    'client-key-data': base64(credential.privateKey),
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
