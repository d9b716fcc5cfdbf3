import { Argument, Command } from 'commander'
import type { CommandFactory } from '../program.ts'

export const completionCommand: CommandFactory = context => {
  const command = new Command('completion')
    .summary('print a completion script for a shell')
    .description('print a script that completes this command line in a shell')
    .addArgument(new Argument('<shell>', 'for which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  source <(isthmus completion bash)
  isthmus completion fish > ~/.config/fish/completions/isthmus.fish`,
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { completionScript } = await import('../completion/scripts.ts')
      context.stdout.write(completionScript(shell, command.parent as Command))
    })
  return command
}
