import { setTimeout as delay } from 'node:timers/promises'
import { EXIT } from '@isthmus/api'
import type { StatusFlags } from '../commands/status.ts'
import type { CommandContext } from '../context.ts'
import { Contexts } from '../contexts/contexts.ts'
import { LiveArea } from '../terminal/live-area.ts'
import { printable } from '../terminal/printable.ts'
import { gatherStatus } from './gather-status.ts'
import { type Overview, overviewOf } from './overview.ts'
import { overviewLines, problemLines, tableLines } from './overview-lines.ts'

/** `isthmus status`; resolves with the exit code. */
export async function runStatus(flags: StatusFlags, context: CommandContext): Promise<number> {
  const contexts = new Contexts(flags, context)
  const look = async () => overviewOf(await gatherStatus(await contexts.reach()))
  try {
    if (flags.watch) return await watch(look, flags, context)
    const overview = await look()
    context.stdout.write(textOf(overview, flags))
    return overview.problems.length === 0 ? 0 : EXIT.failure
  } finally {
    await contexts.close()
  }
}

/** Until it is told to stop: drawn in place on a terminal, else printed whenever something is another. */
async function watch(
  look: () => Promise<Overview>,
  flags: StatusFlags,
  context: CommandContext,
): Promise<number> {
  const { stdout } = context
  const stopping = context.stopSignal()
  const isLive = stdout.isTTY === true && flags.output === 'text'
  const area = isLive ? new LiveArea(stdout) : undefined
  // However the process ends, the terminal has its cursor again.
  const restore = () => area?.end()
  process.once('exit', restore)
  let before = ''
  try {
    while (!stopping.aborted) {
      const overview = await look()
      if (area !== undefined) area.show(liveLines(overview))
      else {
        const text = textOf(overview, flags)
        if (text !== before) stdout.write(before === '' ? text : `\n${text}`)
        before = text
      }
      await delay(flags.interval * 1000, undefined, { signal: stopping }).catch(() => {})
    }
  } finally {
    process.off('exit', restore)
    restore()
  }
  return 0
}

/** What does not fit is cut off at the end: what is wrong comes first. */
function liveLines(overview: Overview): string[] {
  return [...problemLines(overview), '', ...tableLines(overview, Date.now()), '', 'Ctrl-C ends this view.']
}

/** JSON that is watched is a document a line. */
function textOf(overview: Overview, { output, watch: isWatched }: StatusFlags): string {
  if (output === 'json') return `${JSON.stringify(overview, null, isWatched ? 0 : 2)}\n`
  return printable(`${overviewLines(overview, Date.now()).join('\n')}\n`)
}
