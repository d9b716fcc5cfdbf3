import { Command } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { agentCommand } from './commands/agent.ts'
import { apiserverCommand } from './commands/apiserver.ts'
import { completionCommand } from './commands/completion.ts'
import { dnsCommand } from './commands/dns.ts'
import { explainCommand } from './commands/explain.ts'
import { initCommand } from './commands/init.ts'
import { installCommand } from './commands/install.ts'
import { joinCommand } from './commands/join.ts'
import { leaveCommand } from './commands/leave.ts'
import { membersCommand } from './commands/members.ts'
import { relinkCommand } from './commands/relink.ts'
import { refuseRepeats } from './commands/repeated-options.ts'
import { requestCommand } from './commands/request.ts'
import { statusCommand } from './commands/status.ts'
import { startCommand, stopCommand } from './commands/stop-start.ts'
import { upCommand } from './commands/up.ts'
import { versionCommand } from './commands/version.ts'
import type { CommandContext } from './context.ts'

/** How a command is made: it knows its options; what it does is loaded when it runs. */
export type CommandFactory = (context: CommandContext, exit: (code: number) => void) => Command

const GROUPS: readonly (readonly [heading: string, commands: readonly CommandFactory[]])[] = [
  ['On this machine:', [upCommand, requestCommand, stopCommand, startCommand]],
  [
    'On your clusters:',
    [
      initCommand,
      joinCommand,
      membersCommand,
      relinkCommand,
      leaveCommand,
      installCommand,
      agentCommand,
      dnsCommand,
      statusCommand,
      explainCommand,
    ],
  ],
  ['More:', [apiserverCommand, completionCommand, versionCommand]],
]

/** The whole command line. `exit` takes the exit code of a command that ended without an error. */
export function createProgram(name: string, context: CommandContext, exit: (code: number) => void): Command {
  const program = new Command(name)
    .description('Kubernetes Services that work across clusters.')
    .usage('<command> [options]')
    .option('--debug', 'show where an error comes from (or set ISTHMUS_DEBUG=1)')
    .helpOption('-h, --help', 'show help; also `help <command>`')
    .commandsGroup('More:')
    .helpCommand('help [command]', 'show help for a command')
    .version(manifest.version, '-V, --version', 'print the version')
    .addHelpText('after', EXAMPLES.replaceAll('isthmus ', `${name} `))
  for (const [heading, factories] of GROUPS) {
    for (const factory of factories) program.addCommand(factory(context, exit).helpGroup(heading))
  }
  for (const command of [program, ...program.commands]) {
    refuseRepeats(command)
    command
      .exitOverride()
      .showSuggestionAfterError(true)
      .showHelpAfterError(`See \`${command === program ? name : `${name} ${command.name()}`} --help\`.`)
      .configureOutput({
        writeOut: text => void context.stdout.write(text),
        writeErr: text => void context.stderr.write(text),
        getOutHelpWidth: () => Math.min(context.stdout.columns ?? 100, 110),
        getErrHelpWidth: () => Math.min(context.stderr.columns ?? 100, 110),
      })
  }
  return program
}

const EXAMPLES = `
Examples:
  isthmus up                                          three clusters on this machine, and a service in all of them
  isthmus request --from north http://hello.demo.svc.clusterset.local:8080/
                                                      call it as a pod of north would

  isthmus init --context hub --clusterset prod        make a ClusterSet of your own clusters
  isthmus join --context east --registry-context hub --cluster-id east
                                                      make a cluster a member
  isthmus agent --context east                        run its controllers
  isthmus members --registry-context hub              see who is linked with whom

Each command explains itself: isthmus <command> --help`
