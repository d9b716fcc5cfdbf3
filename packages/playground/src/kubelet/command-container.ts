/** A container with a command: a child process that is told by its environment where to listen. */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { loopbackOf } from '../addresses/loopback.ts'
import { type ContainerSnapshot, type ContainerState, type RunningContainer, timestamp } from './container.ts'
import { containerEnvironment, expand } from './container-environment.ts'
import { ContainerLog } from './container-log.ts'
import type { KubeletPod, PodContainer, PodIdentity } from './pod.ts'
import { endGroup, signalGroup, watchGroup } from './process-groups.ts'
import { ReadinessProbe } from './readiness-probe.ts'
import { type RestartBackoff, restartDelayMs } from './restart-backoff.ts'

export interface CommandContainerOptions {
  readonly pod: KubeletPod
  readonly container: PodContainer
  readonly identity: PodIdentity
  readonly backoff: RestartBackoff
  readonly onChange: () => void
}

export class CommandContainer implements RunningContainer {
  readonly name: string
  readonly #options: CommandContainerOptions
  readonly #tcpPorts: readonly number[]
  #log: ContainerLog | undefined
  #previousLog: ContainerLog | undefined
  #state: ContainerState = { waiting: { reason: 'ContainerCreating' } }
  #lastState: ContainerState = {}
  #restartCount = 0
  #failures = 0
  #finished = false
  #stopping = false
  #child: ChildProcess | undefined
  #ended: PromiseWithResolvers<void> | undefined
  #probe: ReadinessProbe | undefined
  #restart: NodeJS.Timeout | undefined

  constructor(options: CommandContainerOptions) {
    this.name = options.container.name
    this.#options = options
    this.#tcpPorts = (options.container.ports ?? [])
      .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
      .map(({ containerPort }) => containerPort)
  }

  get snapshot(): ContainerSnapshot {
    return {
      state: this.#state,
      lastState: this.#lastState,
      ready: this.#probe?.passing ?? false,
      restartCount: this.#restartCount,
      finished: this.#finished,
    }
  }

  start(): void {
    const { pod, container, identity } = this.#options
    const environment = containerEnvironment(pod, container, identity, process.env)
    const [program = '', ...given] = [...(container.command ?? []), ...(container.args ?? [])].map(word =>
      expand(word, environment),
    )
    const child = spawn(program, given, {
      env: environment,
      cwd: container.workingDir ?? process.cwd(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const startedAt = Date.now()
    this.#child = child
    this.#ended = Promise.withResolvers()
    this.#keepLog(child)
    const { pid } = child
    if (pid === undefined) {
      child.once('error', ({ message }) =>
        this.#end({ exitCode: 128, reason: 'StartError', message }, startedAt),
      )
      return
    }
    watchGroup(pid)
    child.once('exit', (code, signal) => {
      endGroup(pid)
      this.#end(exitOf(code, signal), startedAt)
    })
    this.#probe = new ReadinessProbe(loopbackOf(identity.podIP), this.#tcpPorts, this.#options.onChange)
    this.#become({ running: { startedAt: timestamp(startedAt) } })
    this.#probe.start()
  }

  async stop(graceMs: number): Promise<void> {
    const again = this.#stopping
    this.#stopping = true
    clearTimeout(this.#restart)
    if (this.#child === undefined) {
      this.#finished = true
      return
    }
    const { pid } = this.#child
    if (pid === undefined) return this.#ended?.promise
    // Many programs take a second SIGTERM for impatience.
    if (graceMs <= 0) signalGroup(pid, 'SIGKILL')
    else if (!again) signalGroup(pid, 'SIGTERM')
    const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs)
    await this.#ended?.promise
    clearTimeout(timer)
  }

  log(previous: boolean): ContainerLog | undefined {
    return previous ? this.#previousLog : this.#log
  }

  #keepLog(child: ChildProcess): void {
    const log = new ContainerLog()
    this.#previousLog = this.#log
    this.#log = log
    for (const stream of [child.stdout, child.stderr]) {
      const writer = log.writer()
      stream?.on('data', (data: Buffer) => writer.write(data))
      stream?.once('end', () => writer.end())
    }
    child.once('error', error => log.add(`${error.message}\n`))
    // Comes after the exit, with the last of the output.
    child.once('close', () => log.end())
  }

  #end(exit: Exit, startedAt: number): void {
    this.#probe?.stop()
    this.#child = undefined
    const terminated = { ...exit, startedAt: timestamp(startedAt), finishedAt: timestamp() }
    const again = !this.#stopping && this.#mayRestart(exit.exitCode)
    this.#finished = !again
    if (again) {
      const { backoff } = this.#options
      this.#failures = Date.now() - startedAt >= backoff.resetAfterMs ? 1 : this.#failures + 1
      const delayMs = restartDelayMs(this.#failures, backoff)
      this.#lastState = { terminated }
      this.#restart = setTimeout(() => {
        this.#restartCount++
        this.start()
      }, delayMs).unref()
      const message = `back-off ${delayMs / 1000}s restarting failed container=${this.name}`
      this.#become({ waiting: { reason: 'CrashLoopBackOff', message } })
    } else {
      this.#become({ terminated })
    }
    this.#ended?.resolve()
  }

  #mayRestart(exitCode: number): boolean {
    const policy = this.#options.pod.spec.restartPolicy ?? 'Always'
    return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
  }

  #become(state: ContainerState): void {
    this.#state = state
    this.#options.onChange()
  }
}

interface Exit {
  exitCode: number
  signal?: number
  reason: string
  message?: string
}

/** As container runtimes report it: 128 + the signal's number. */
function exitOf(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (signal === null) return { exitCode: code ?? 0, reason: code === 0 ? 'Completed' : 'Error' }
  const number = constants.signals[signal]
  return { exitCode: 128 + number, signal: number, reason: 'Error' }
}
