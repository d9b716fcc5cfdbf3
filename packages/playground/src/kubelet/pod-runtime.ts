/** The containers of one pod while they run. */
import { CommandContainer } from './command-container.ts'
import type { RunningContainer } from './container.ts'
import { EchoContainer } from './echo-container.ts'
import type { KubeletPod, PodIdentity } from './pod.ts'
import type { RestartBackoff } from './restart-backoff.ts'

export class PodRuntime {
  readonly identity: PodIdentity
  readonly startedAt = Date.now()
  readonly containers: readonly RunningContainer[]

  constructor(pod: KubeletPod, identity: PodIdentity, backoff: RestartBackoff, onChange: () => void) {
    this.identity = identity
    this.containers = pod.spec.containers.map(container =>
      container.command === undefined || container.command.length === 0
        ? new EchoContainer(container, identity, backoff, onChange)
        : new CommandContainer({ pod, container, identity, backoff, onChange }),
    )
  }

  start(): void {
    for (const container of this.containers) container.start()
  }

  /** Stops all containers; a second call with a shorter time hurries the first. Resolves when nothing is left. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all(this.containers.map(container => container.stop(graceMs)))
  }
}
