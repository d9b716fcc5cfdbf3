/** The clusters that are measured: embedded API servers, a process each, or those of a kubeconfig. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { installInto } from '@isthmus/agent'
import { NAMESPACES } from '@isthmus/api'
import { type ClusterClient, connect, isNotFound, loadCredentials } from '@isthmus/kube'
import { until } from '../../fixtures/until.ts'
import { BenchProcess } from './process.ts'

export const PROGRAM = resolve(import.meta.dirname, '../../../packages/cli/src/bin.ts')
/** All that the bench makes for itself lies in this namespace. */
export const NAMESPACE = 'isthmus-bench'

export interface BenchCluster {
  readonly id: string
  readonly kubeconfig: string
  readonly context: string | undefined
  readonly client: ClusterClient
}

export interface ClusterSource {
  readonly embedded: boolean
  /** The processes of that cluster run when others do not. Nothing is done to clusters of a kubeconfig. */
  giveWay(id: string): void
  /** Fresh, with Isthmus installed and the namespace of the bench. */
  open(count: number): Promise<readonly BenchCluster[]>
  /** Removes what was made. */
  close(): Promise<void>
}

const IDS = ['a', 'b', 'c', 'd', 'e', 'f'] as const

export function embeddedClusters(): ClusterSource {
  const processes = new Map<string, BenchProcess>()
  const clients: ClusterClient[] = []
  let folder: string | undefined
  return {
    embedded: true,
    giveWay: id => processes.get(id)?.giveWay(),
    async open(count) {
      const home = await mkdtemp(join(tmpdir(), 'isthmus-bench-'))
      folder = home
      return Promise.all(
        IDS.slice(0, count).map(async id => {
          const kubeconfig = join(home, `${id}.json`)
          const server = new BenchProcess(process.execPath, [
            PROGRAM,
            'apiserver',
            '--kubeconfig-out',
            kubeconfig,
          ])
          processes.set(id, server)
          await until(`API server ${id} serves`, () => /kubectl/.test(server.output), 60_000)
          return prepared(id, kubeconfig, undefined, clients)
        }),
      )
    },
    async close() {
      await Promise.all(clients.splice(0).map(client => client.close()))
      await Promise.all([...processes.values()].map(server => server.stop()))
      processes.clear()
      if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

/** `contexts` are the ids too. What the bench makes there is removed; the installation stays. */
export function givenClusters(kubeconfig: string, contexts: readonly string[]): ClusterSource {
  const clients: ClusterClient[] = []
  return {
    embedded: false,
    giveWay: () => {},
    async open(count) {
      if (contexts.length < count)
        throw new Error(`this figure needs ${count} clusters, and ${contexts.length} contexts were given`)
      return Promise.all(contexts.slice(0, count).map(id => prepared(id, kubeconfig, id, clients)))
    },
    async close() {
      await Promise.all(
        clients.splice(0).map(async client => {
          await removeNamespace(client)
          await client.close()
        }),
      )
    },
  }
}

async function prepared(
  id: string,
  kubeconfig: string,
  context: string | undefined,
  clients: ClusterClient[],
): Promise<BenchCluster> {
  const client = connect(loadCredentials({ kubeconfig, context }), { requestTimeoutMs: 120_000 })
  clients.push(client)
  await removeNamespace(client)
  await installInto(client)
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  return { id, kubeconfig, context, client }
}

async function removeNamespace(client: ClusterClient): Promise<void> {
  try {
    await client.delete(NAMESPACES, NAMESPACE)
  } catch (error) {
    if (isNotFound(error)) return
    throw error
  }
  const isGone = async () => {
    try {
      await client.get(NAMESPACES, NAMESPACE)
      return false
    } catch (error) {
      if (isNotFound(error)) return true
      throw error
    }
  }
  await until('the namespace of an earlier run is gone', isGone, 300_000)
}
