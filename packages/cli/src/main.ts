import { EXIT } from '@isthmus/api'
import { CommanderError } from 'commander'
import { type CommandContext, processContext } from './context.ts'
import { errorText } from './error-text.ts'
import { createProgram } from './program.ts'

/** Runs the command line and resolves with its exit code. Nothing but this prints an error. */
export async function main(
  args: readonly string[],
  context: CommandContext = processContext(),
  name = 'isthmus',
): Promise<number> {
  const ended: { exitCode: number } = { exitCode: 0 }
  const program = createProgram(name, context, exitCode => {
    ended.exitCode = exitCode
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return ended.exitCode
  } catch (error) {
    // commander has printed it already: help, or what is wrong with the arguments.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage
    const debug = Boolean(context.env.ISTHMUS_DEBUG) || args.includes('--debug')
    const { text, exitCode } = errorText(error, debug)
    context.stderr.write(text)
    return exitCode
  }
}
