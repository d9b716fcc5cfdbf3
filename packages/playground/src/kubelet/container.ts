/** A container of the playground: something that listens in this process or in one of its own. */

import type { ContainerLog } from './container-log.ts'

/** `v1` ContainerState: exactly one of the three. */
export interface ContainerState {
  waiting?: { reason: string; message?: string }
  running?: { startedAt: string }
  terminated?: {
    exitCode: number
    signal?: number
    reason: string
    message?: string
    startedAt?: string
    finishedAt: string
  }
}

export interface ContainerSnapshot {
  readonly state: ContainerState
  readonly lastState: ContainerState
  readonly ready: boolean
  readonly restartCount: number
  /** Terminated, and not to be started again. */
  readonly finished: boolean
}

export interface RunningContainer {
  readonly name: string
  readonly snapshot: ContainerSnapshot
  start(): void
  /** Lets what is under way finish, for at most `graceMs`; takes nothing new. May be called again to hurry it. */
  stop(graceMs: number): Promise<void>
  /** What it wrote to standard output and error; undefined if there was no previous run. */
  log(previous: boolean): ContainerLog | undefined
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function timestamp(milliseconds: number = Date.now()): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
}
