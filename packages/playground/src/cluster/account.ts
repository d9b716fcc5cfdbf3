import { requestToken } from '@isthmus/agent'
import { type Access, type Credentials, connect } from '@isthmus/kube'

/** Whoever runs as a ServiceAccount: with tokens that are renewed, as a kubelet does for a pod. */
export function accountCredentials(admin: Credentials, namespace: string, account: string): Credentials {
  let current: { readonly access: Access; readonly renewAt: number } | undefined
  let renewing: Promise<Access> | undefined
  const renew = async (): Promise<Access> => {
    const client = connect(admin)
    try {
      const [{ tls }, { token, expiresAt }] = await Promise.all([
        admin.access(),
        requestToken(client, namespace, account),
      ])
      const access: Access = { headers: { authorization: `Bearer ${token}` }, tls: { ca: tls.ca } }
      current = { access, renewAt: (Date.now() + Date.parse(expiresAt)) / 2 }
      return access
    } finally {
      await client.close()
      renewing = undefined
    }
  }
  return {
    server: admin.server,
    description: `${account} at ${admin.description}`,
    access: async ({ refresh = false } = {}) => {
      if (!refresh && current !== undefined && Date.now() < current.renewAt) return current.access
      renewing ??= renew()
      return renewing
    },
  }
}
