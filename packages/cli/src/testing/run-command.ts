/** For tests: runs a command line in this process, as a person would at a shell. */
import type { CommandContext } from '../context.ts'
import { main } from '../main.ts'

export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCommand {
  /** Resolves when what was printed so far matches, with the match. Rejects if the command ends without. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  /** Ctrl-C. */
  interrupt(): void
  readonly finished: Promise<Finished>
}

export function startCommand(
  args: readonly string[],
  { env = {}, cwd = '/' }: { env?: Record<string, string>; cwd?: string } = {},
): RunningCommand {
  const stopping = new AbortController()
  const printed = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  const stream = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      printed[name] += text
      for (const listener of listeners) listener()
    },
  })
  const context: CommandContext = {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    env,
    cwd,
    stopSignal: () => stopping.signal,
  }
  const finished = main(args, context).then(exitCode => ({ exitCode, ...printed }))
  return {
    interrupt: () => stopping.abort(),
    finished,
    printed: pattern =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(printed.stdout)
          if (match === null) return
          listeners.delete(look)
          resolve(match)
        }
        listeners.add(look)
        look()
        void finished.then(result => reject(new Error(`it ended without: ${JSON.stringify(result)}`)))
      }),
  }
}

export function runCommand(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Finished> {
  return startCommand(args, options).finished
}
