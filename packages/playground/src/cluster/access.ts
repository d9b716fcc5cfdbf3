/** Who reaches a cluster's API server, and how. */
import { AGENT_NAMESPACE, EXCHANGE_NAMESPACE } from '@isthmus/api'
import { type ClusterClient, type Credentials, connect, staticCredentials } from '@isthmus/kube'

/** Names of what the agent package installs. */
const AGENT_ACCOUNT = 'isthmus-agent'
const READER_ACCOUNT = 'isthmus-reader'
/** Longer than anybody plays. */
const TOKEN_SECONDS = 30 * 24 * 3600

/** Credentials with no more rights than their bearer needs. */
export interface ClusterAccess {
  /** For the cluster's own agent and DNS server. */
  readonly agent: Credentials
  /** For the peers' agents: reads the exchange. */
  readonly reader: Credentials
}

/** Asks the API server for tokens of the accounts that were installed. */
export async function requestAccess(admin: Credentials): Promise<ClusterAccess> {
  const client = connect(admin)
  try {
    const { tls } = await admin.access()
    const bearer = async (namespace: string, account: string): Promise<Credentials> =>
      staticCredentials({
        server: admin.server,
        token: await requestToken(client, namespace, account),
        tls,
        description: `${account} at ${admin.description}`,
      })
    const [agent, reader] = await Promise.all([
      bearer(AGENT_NAMESPACE, AGENT_ACCOUNT),
      bearer(EXCHANGE_NAMESPACE, READER_ACCOUNT),
    ])
    return { agent, reader }
  } finally {
    await client.close()
  }
}

async function requestToken(client: ClusterClient, namespace: string, account: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`
  const { status, body } = await client.raw(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: TOKEN_SECONDS },
    }),
  })
  if (status !== 201) throw new Error(`no token for ${namespace}/${account}: ${status} ${body}`)
  return (JSON.parse(body) as { status: { token: string } }).status.token
}
