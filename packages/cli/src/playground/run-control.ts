import { askPlayground, homeFolder } from '@isthmus/playground'
import type { CommandContext } from '../context.ts'

/** `isthmus stop` and `isthmus start`: answers when it is done. */
export async function runControl(
  command: 'stop' | 'start',
  cluster: string,
  { env, cwd, stdout }: CommandContext,
): Promise<void> {
  await askPlayground({ command, cluster }, homeFolder(env, cwd))
  const done = { stop: 'has stopped; `isthmus start', start: 'runs again; `isthmus stop' }[command]
  stdout.write(
    `Cluster ${cluster} ${done} ${cluster}\` ${command === 'stop' ? 'starts it again' : 'stops it'}.\n`,
  )
}
