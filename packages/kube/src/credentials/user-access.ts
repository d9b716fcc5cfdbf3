import { readFile } from 'node:fs/promises'
import { errorOf } from '@isthmus/api'
import { ERRORS } from '../errors.ts'
import type { Access, TlsAccess } from './credentials.ts'
import type { ClusterEntry, UserEntry } from './kubeconfig.ts'
import { credentialPlugin } from './plugin-access.ts'

/** What to send as this user of a kubeconfig: each call reads files again, and asks plugins. */
export function userAccess(cluster: ClusterEntry, user: UserEntry): (refresh: boolean) => Promise<Access> {
  const askPlugin = lazy(() => credentialPlugin(cluster, user))
  return async refresh => {
    const [ca, cert, key, ownAuthorization, plugin] = await Promise.all([
      pem(cluster['certificate-authority-data'], cluster['certificate-authority']),
      pem(user['client-certificate-data'], user['client-certificate']),
      pem(user['client-key-data'], user['client-key']),
      authorizationOf(user),
      askPlugin()(refresh),
    ])
    const tls: TlsAccess = {
      ca,
      cert: plugin.cert ?? cert,
      key: plugin.key ?? key,
      serverName: cluster['tls-server-name'] || undefined,
      insecureSkipVerify: cluster['insecure-skip-tls-verify'] === true,
    }
    const authorization = ownAuthorization ?? plugin.authorization
    return {
      headers: { ...(authorization === undefined ? {} : { authorization }), ...impersonation(user) },
      tls,
      proxyUrl: cluster['proxy-url'] || undefined,
    }
  }
}

function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** As client-go: a token file goes before a token, as it can be renewed; both before a plugin. */
async function authorizationOf(user: UserEntry): Promise<string | undefined> {
  if (user.tokenFile) return `Bearer ${(await credentialFile(user.tokenFile)).trim()}`
  if (user.token) return `Bearer ${user.token}`
  if (user.username) {
    return `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`
  }
  return undefined
}

function impersonation(user: UserEntry): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  if (user.as) headers['impersonate-user'] = user.as
  if (user['as-uid']) headers['impersonate-uid'] = user['as-uid']
  if (user['as-groups']?.length) headers['impersonate-group'] = user['as-groups']
  for (const [name, values] of Object.entries(user['as-user-extra'] ?? {})) {
    headers[`impersonate-extra-${encodeURIComponent(name).toLowerCase()}`] = values
  }
  return headers
}

/** Data goes before the file, as for client-go. */
async function pem(data: string | undefined, file: string | undefined): Promise<string | undefined> {
  if (data) return Buffer.from(data, 'base64').toString('utf8')
  return file ? credentialFile(file) : undefined
}

async function credentialFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw errorOf(
      ERRORS.kubeconfigUnreadable,
      { what: 'credential file', file, why: (error as Error).message },
      error,
    )
  }
}
