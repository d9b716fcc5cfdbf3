/**
 * The folder of a running playground. Its control socket is the claim on it: whoever can listen there
 * owns the folder, and a socket that nobody answers was left by a process that died.
 */
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { chmod, mkdir, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorOf } from '@isthmus/api'
import { ERRORS } from '../errors.ts'
import { type PlaygroundState, readState, STATE_FILE } from './playground-state.ts'

/** sockaddr_un has 104 bytes for the path on macOS, 108 on Linux. */
const SOCKET_PATH_LIMIT = 103

export class PlaygroundHome {
  readonly folder: string
  readonly kubeconfig: string
  readonly control: string
  readonly #server: Server
  readonly #removeAtExit = () => this.#removeFilesNow()

  private constructor(folder: string, control: string, server: Server) {
    this.folder = folder
    this.kubeconfig = join(folder, 'kubeconfig')
    this.control = control
    this.#server = server
    process.on('exit', this.#removeAtExit)
  }

  /**
   * Makes the folder and listens on its control socket with `server`.
   * @throws IsthmusError ISTHMUS_PLAYGROUND_RUNNING, ISTHMUS_HOME_UNWRITABLE
   */
  static async claim(folder: string, server: Server): Promise<PlaygroundHome> {
    const control = socketPath(folder)
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      if (!(await listen(server, control))) {
        if (await answers(control)) {
          const pid = await readState(folder).then(
            state => state.pid,
            () => 'unknown',
          )
          throw errorOf(ERRORS.alreadyRunning, { home: folder, pid })
        }
        await rm(control)
        if (!(await listen(server, control)))
          throw errorOf(ERRORS.alreadyRunning, { home: folder, pid: 'unknown' })
      }
      await chmod(control, 0o600)
    } catch (error) {
      throw unwritable(folder, error)
    }
    return new PlaygroundHome(folder, control, server)
  }

  /** Holds credentials: for the owner alone. */
  writeKubeconfig(text: string): Promise<void> {
    return this.#write(this.kubeconfig, text)
  }

  writeState(state: PlaygroundState): Promise<void> {
    return this.#write(join(this.folder, STATE_FILE), `${JSON.stringify(state, null, 2)}\n`)
  }

  /** Removes the files, and the folder if nothing else is in it. */
  async release(): Promise<void> {
    process.off('exit', this.#removeAtExit)
    this.#removeFilesNow()
    // Also takes the socket's file away.
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
    await rmdir(this.folder).catch(() => {})
  }

  #removeFilesNow(): void {
    for (const file of [join(this.folder, STATE_FILE), this.kubeconfig, this.control])
      rmSync(file, { force: true })
  }

  /** A reader sees all of it or nothing. */
  async #write(path: string, text: string): Promise<void> {
    const partial = `${path}.${process.pid}`
    try {
      await writeFile(partial, text, { mode: 0o600 })
      await rename(partial, path)
    } catch (error) {
      await rm(partial, { force: true })
      throw unwritable(path, error)
    }
  }
}

function socketPath(folder: string): string {
  const path = join(folder, 'control.sock')
  if (Buffer.byteLength(path) <= SOCKET_PATH_LIMIT) return path
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16)
  return join(tmpdir(), `isthmus-${name}.sock`)
}

/** False if there is a socket already, whether somebody listens on it or not. */
function listen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error)
    server.once('error', refused)
    server.listen(path, () => {
      server.off('error', refused)
      resolve(true)
    })
  })
}

function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function unwritable(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined || code.startsWith('ISTHMUS_')) return error
  return errorOf(ERRORS.homeUnwritable, { path, reason: message }, error)
}
