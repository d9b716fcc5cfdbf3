/** How a server is to be reached by others, and whether it can be, from here. */
import type { ApiAccess } from '@isthmus/api'
import type { AnnouncedAccess, ServerProbe } from '@isthmus/core'
import { ConnectionError, type Credentials, connect, staticCredentials } from '@isthmus/kube'

const PROBE_TIMEOUT_MS = 5_000

/** What an administrator's credentials say of the server; who they are for stays out of it. */
export async function accessOf(credentials: Credentials): Promise<AnnouncedAccess> {
  const { tls } = await credentials.access()
  return {
    server: credentials.server,
    ...(tls.ca === undefined ? {} : { certificateAuthority: tls.ca }),
    ...(tls.serverName === undefined ? {} : { tlsServerName: tls.serverName }),
    ...(tls.insecureSkipVerify === true ? { insecure: true } : {}),
  }
}

/** Without credentials: any answer, a refusal too, shows that the server is there and is the one that is meant. */
export async function probeServer(
  { server, certificateAuthority, tlsServerName }: ApiAccess,
  signal?: AbortSignal,
): Promise<ServerProbe> {
  const client = connect(
    staticCredentials({ server, tls: { ca: certificateAuthority, serverName: tlsServerName } }),
    { requestTimeoutMs: PROBE_TIMEOUT_MS },
  )
  try {
    await client.raw('/version', { signal })
    return { reached: true }
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof ConnectionError)) throw error
    return { reached: false, isTLS: error.failure === 'tls', words: error.words }
  } finally {
    await client.close()
  }
}
