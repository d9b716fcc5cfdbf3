import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { cachedAccess } from './cached-access.ts'
import type { Credentials } from './credentials.ts'

/** Where a kubelet mounts a pod's service account. */
export const SERVICE_ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The API server of the cluster that this process runs in as a pod, as the pod's service account. */
export function inClusterCredentials(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  directory: string = SERVICE_ACCOUNT_DIRECTORY,
): Credentials {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = environment
  const namespace = readFileSync(join(directory, 'namespace'), 'utf8').trim()
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    description: 'the service account of this pod',
    ...(namespace === '' ? {} : { namespace }),
    access: cachedAccess(async () => {
      const [token, ca] = await Promise.all(
        ['token', 'ca.crt'].map(file => readFile(join(directory, file), 'utf8')),
      )
      return { headers: { authorization: `Bearer ${token?.trim()}` }, tls: { ca } }
    }),
  }
}
