/** How commands find a running playground: a file that it keeps in its folder while it runs. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { errorOf } from '@isthmus/api'
import { ERRORS } from '../errors.ts'

/** The content of `playground.json`. Paths are absolute. */
export interface PlaygroundState {
  readonly pid: number
  /** Has a context of the name of each cluster. */
  readonly kubeconfig: string
  /** A Unix socket, see control/. */
  readonly control: string
  /** The context of the cluster that keeps the registry of the ClusterSet. */
  readonly registry: string
  readonly clusters: readonly ClusterAddress[]
}

export interface ClusterAddress {
  readonly name: string
  /** URL of the API server. */
  readonly server: string
  readonly dns: { readonly address: string; readonly port: number }
}

export const STATE_FILE = 'playground.json'

/** The folder of the playground: ISTHMUS_HOME, or `.isthmus` below the current directory. */
export function homeFolder(environment: NodeJS.ProcessEnv = process.env, directory = process.cwd()): string {
  return resolve(directory, environment.ISTHMUS_HOME || '.isthmus')
}

/**
 * The state of the playground that runs from `home`.
 * @throws IsthmusError ISTHMUS_PLAYGROUND_NOT_RUNNING, also if its process died and left the file.
 */
export async function readState(home: string): Promise<PlaygroundState> {
  try {
    const state = JSON.parse(await readFile(join(home, STATE_FILE), 'utf8')) as PlaygroundState
    process.kill(state.pid, 0)
    return state
  } catch (error) {
    throw errorOf(ERRORS.notRunning, { home }, error)
  }
}
