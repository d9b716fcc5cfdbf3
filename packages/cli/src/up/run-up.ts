import { resolve } from 'node:path'
import { errorOf } from '@isthmus/api'
import { homeFolder, Playground, type PlaygroundSnapshot, type PlaygroundStep } from '@isthmus/playground'
import { type Logger, pino } from 'pino'
import type { UpFlags } from '../commands/up.ts'
import type { CommandContext } from '../context.ts'
import { ERRORS } from '../errors.ts'
import { LiveArea } from '../terminal/live-area.ts'
import { printable } from '../terminal/printable.ts'
import { missingTools } from './missing-tools.ts'
import { nextSteps } from './next-steps.ts'
import { changes, statusLines } from './status-view.ts'

/** `isthmus up`: until Ctrl-C, or a shutdown over the control socket. */
export async function runUp(flags: UpFlags, context: CommandContext): Promise<void> {
  const { env, cwd, stdout } = context
  const playground = await Playground.start({
    clusters: flags.clusters.split(',').map(name => name.trim()),
    demo: flags.demo ? { port: flags.demoPort, replicas: flags.demoReplicas } : false,
    home: homeFolder(env, cwd),
    ...(flags.logFile === undefined ? {} : { log: agentLog(resolve(cwd, flags.logFile)) }),
    onProgress: step => stdout.write(`${progressLine(step)}\n`),
    // From here on a signal stops it, also while it starts, and ends the process.
    endWithProcess: true,
  })
  const steps = nextSteps({
    state: playground.state,
    folder: cwd,
    demoPort: flags.demo ? flags.demoPort : undefined,
    home: env.ISTHMUS_HOME && homeFolder(env, cwd),
  })
  const missing = missingTools(env.PATH).map(line => `${line}\n`)
  stdout.write(
    `\nIn another terminal:\n\n${steps.join('\n')}\n\n${missing.join('')}Ctrl-C ends all of it.\n\n`,
  )
  const end = stdout.isTTY === true ? showLive(playground, context) : printChanges(playground, context)
  await playground.stopped
  end()
}

/** Redraws the status in place. Answers how to end it. */
function showLive(playground: Playground, { stdout }: CommandContext): () => void {
  const area = new LiveArea(stdout)
  const draw = () => area.show(statusLines(playground.snapshot(), Date.now()))
  const unsubscribe = playground.subscribe(draw)
  // However the process ends, the terminal has its cursor again.
  const restore = () => area.end()
  process.once('exit', restore)
  draw()
  return () => {
    unsubscribe()
    process.off('exit', restore)
    restore()
  }
}

/** Prints a line for each change. Answers how to end it. */
function printChanges(playground: Playground, { stdout }: CommandContext): () => void {
  let before: PlaygroundSnapshot | undefined
  const print = () => {
    const now = playground.snapshot()
    for (const line of changes(before, now)) stdout.write(`${printable(line)}\n`)
    before = now
  }
  print()
  return playground.subscribe(print)
}

function progressLine({ message, cluster, elapsedMs }: PlaygroundStep): string {
  const seconds = (elapsedMs / 1000).toFixed(1).padStart(4)
  return `${seconds} s  ${cluster === undefined ? '' : `${cluster}: `}${message}`
}

function agentLog(file: string): Logger {
  try {
    // Opened at once, so that a path that cannot be written is told before anything starts.
    const destination = pino.destination({ dest: file, mkdir: true, sync: true })
    return pino({ formatters: { level: label => ({ level: label }) } }, destination)
  } catch (error) {
    throw errorOf(ERRORS.cannotWriteFile, { file, reason: (error as Error).message }, error)
  }
}
