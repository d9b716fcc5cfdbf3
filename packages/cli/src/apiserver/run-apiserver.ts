import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errorOf } from '@isthmus/api'
import { ApiServer, type Kubeconfig } from '@isthmus/apiserver'
import type { ApiserverFlags } from '../commands/apiserver.ts'
import { type CommandContext, stopRequested } from '../context.ts'
import { ERRORS } from '../errors.ts'

/** `isthmus apiserver`: until it is told to stop. */
export async function runApiserver(flags: ApiserverFlags, context: CommandContext): Promise<void> {
  const { stdout, cwd } = context
  const { host, port, data, http = false } = flags
  const stopping = context.stopSignal()
  const server = new ApiServer({
    ...(http ? {} : { tls: true, authorization: 'RBAC' }),
    ...(data === undefined ? {} : { data: resolve(cwd, data) }),
  })
  const { url } = await server.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EADDRINUSE'
      ? errorOf(ERRORS.apiserverPortInUse, { host, port }, error)
      : error.syscall === 'listen' || error.syscall === 'getaddrinfo'
        ? errorOf(ERRORS.apiserverNotListening, { host, port, reason: error.message }, error)
        : error
  })
  try {
    stdout.write(`Serving at ${url}\n`)
    if (flags.kubeconfigOut !== undefined) {
      await writeKubeconfig(resolve(cwd, flags.kubeconfigOut), await server.kubeconfig())
      stdout.write(`kubectl --kubeconfig ${flags.kubeconfigOut} get namespaces\n`)
    }
    await stopRequested(stopping)
  } finally {
    await server.close()
  }
}

/**
 * Readable by its owner alone, as it holds an administrator's key: also where the file was there before. Whoever
 * waits for it finds all of it.
 */
async function writeKubeconfig(file: string, content: Kubeconfig): Promise<void> {
  const partial = `${file}.${process.pid}`
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(partial, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
    await rename(partial, file)
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {})
    throw errorOf(ERRORS.cannotWriteFile, { file, reason: (error as Error).message }, error)
  }
}
