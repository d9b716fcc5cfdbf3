import { Command } from 'commander'
import type { CommandFactory } from '../program.ts'
import { numberBetween } from './number.ts'

export interface ApiserverFlags {
  host: string
  port: number
  kubeconfigOut?: string
  data?: string
  http?: boolean
}

export const apiserverCommand: CommandFactory = context =>
  new Command('apiserver')
    .summary('run one embedded API server')
    .description(
      'run one embedded Kubernetes-compatible API server, without nodes: for tests and for trying things out',
    )
    .option('--host <ip>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 for any that is free', numberBetween(0, 65_535), 0)
    .option('--kubeconfig-out <file>', 'write a kubeconfig for it')
    .option('--data <dir>', 'keep objects there, for the next start')
    .option(
      '--http',
      'plain HTTP, and everybody is an administrator (default: HTTPS, client certificates, RBAC)',
    )
    .addHelpText(
      'after',
      `
Examples:
  isthmus apiserver --kubeconfig-out kubeconfig.yaml
  kubectl --kubeconfig kubeconfig.yaml get namespaces`,
    )
    .action(async (flags: ApiserverFlags) => {
      const { runApiserver } = await import('../apiserver/run-apiserver.ts')
      await runApiserver(flags, context)
    })
