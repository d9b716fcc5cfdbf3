import { Command, Option } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import type { CommandFactory } from '../program.ts'

export const versionCommand: CommandFactory = context =>
  new Command('version')
    .summary('print all versions')
    .description('print the versions of Isthmus and of what it runs on')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .action(({ output }: { output: 'text' | 'json' }) => {
      const versions = {
        client: manifest.version,
        node: process.versions.node,
        platform: `${process.platform}/${process.arch}`,
      }
      context.stdout.write(
        output === 'json'
          ? `${JSON.stringify(versions, null, 2)}\n`
          : `Client:   ${versions.client}\nNode:     ${versions.node}\nPlatform: ${versions.platform}\n`,
      )
    })
