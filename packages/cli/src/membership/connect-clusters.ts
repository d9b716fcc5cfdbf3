/** Opens what a command works on: a cluster, a registry, or both. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { errorOf } from '@isthmus/api'
import type { AnnouncedAccess } from '@isthmus/core'
import { type ClusterClient, type Credentials, connect, explainError, loadCredentials } from '@isthmus/kube'
import type { ClusterFlags } from '../commands/cluster-options.ts'
import type { BothFlags } from '../commands/registry-options.ts'
import type { CommandContext } from '../context.ts'
import { ERRORS } from '../errors.ts'

export interface OpenCluster {
  readonly credentials: Credentials
  readonly client: ClusterClient
}

/** Works with both; what one of them refuses is told as "Could not <doing>: …", with its context. */
export async function withBoth<Result>(
  flags: BothFlags,
  context: CommandContext,
  doing: string,
  work: (cluster: OpenCluster, registry: OpenCluster, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const registryFlags = registryOf(flags)
  const cluster = open(flags, context)
  const registry = open(registryFlags, context)
  const signal = context.stopSignal()
  try {
    return await work(cluster, registry, signal)
  } catch (error) {
    if (signal.aborted) throw errorOf(ERRORS.interrupted, { doing }, error)
    const isRegistry =
      serverOf(error) === registry.client.server && registry.client.server !== cluster.client.server
    throw explainError(error, { doing, context: (isRegistry ? registryFlags : flags).context })
  } finally {
    await Promise.all([cluster.client.close(), registry.client.close()])
  }
}

/** Works with the registry alone. */
export async function withRegistry<Result>(
  flags: BothFlags,
  context: CommandContext,
  doing: string,
  work: (registry: OpenCluster, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const registryFlags = registryOf(flags)
  const registry = open(registryFlags, context)
  const signal = context.stopSignal()
  try {
    return await work(registry, signal)
  } catch (error) {
    if (signal.aborted) throw errorOf(ERRORS.interrupted, { doing }, error)
    throw explainError(error, { doing, context: registryFlags.context })
  } finally {
    await registry.client.close()
  }
}

/** A registry in the current context, without a word of it, would be one that nobody meant. */
function registryOf({ kubeconfig, registryContext, registryKubeconfig }: BothFlags): ClusterFlags {
  if (registryContext === undefined && registryKubeconfig === undefined)
    throw errorOf(ERRORS.registryNotNamed, {})
  const file = registryKubeconfig ?? kubeconfig
  return {
    ...(file === undefined ? {} : { kubeconfig: file }),
    ...(registryContext === undefined ? {} : { context: registryContext }),
  }
}

function open({ kubeconfig, context }: ClusterFlags, { cwd, env }: CommandContext): OpenCluster {
  const file = kubeconfig === undefined ? undefined : resolve(cwd, kubeconfig)
  const credentials = loadCredentials({ kubeconfig: file, context, environment: env })
  return { credentials, client: connect(credentials) }
}

function serverOf(error: unknown): string | undefined {
  const { server, request } = (error ?? {}) as { server?: string; request?: { server?: string } }
  return server ?? request?.server
}

export interface AccessFlags {
  readonly server?: string | undefined
  readonly certificateAuthority?: string | undefined
  readonly tlsServerName?: string | undefined
}

/** What is announced: what the kubeconfig says, with what the flags say in its place. */
export async function announcedAccess(
  found: AnnouncedAccess,
  { server, certificateAuthority: file, tlsServerName }: AccessFlags,
  cwd: string,
): Promise<AnnouncedAccess> {
  const { insecure, ...base } = found
  return {
    ...base,
    ...(insecure === true && file === undefined ? { insecure } : {}),
    ...(server === undefined ? {} : { server: serverUrl(server) }),
    ...(file === undefined ? {} : { certificateAuthority: await readPEM(resolve(cwd, file)) }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
  }
}

function serverUrl(text: string): string {
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text.replace(/\/+$/, '')
  throw errorOf(ERRORS.badValue, { what: '--server', value: text, wanted: 'a URL', command: 'join' })
}

async function readPEM(file: string): Promise<string> {
  const unreadable = (reason: string, cause?: unknown) =>
    errorOf(ERRORS.authorityUnreadable, { file, reason }, cause)
  const text = await readFile(file, 'utf8').catch(error => {
    throw unreadable(error.message, error)
  })
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw unreadable('there is no certificate in it')
  return text
}
