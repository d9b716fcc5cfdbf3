import { Command, Option } from 'commander'
import type { CommandFactory } from '../program.ts'
import { numberBetween } from './number.ts'

export interface RequestFlags {
  from: string
  requests: number
  concurrency: number
  timeout: number
  output: 'text' | 'json'
}

export const requestCommand: CommandFactory = (context, exit) =>
  new Command('request')
    .summary('call a service as a pod of one of these clusters would')
    .description("call a service as a pod of one of the playground's clusters would, and show who answers")
    .argument('<url>', 'http URL; its host is resolved by that cluster')
    .requiredOption('--from <cluster>', 'cluster that the requests come from')
    .option('-n, --requests <number>', 'how many requests', numberBetween(1, 1_000_000), 1)
    .option('-c, --concurrency <number>', 'how many at a time', numberBetween(1, 1_000), 8)
    .option(
      '--timeout <seconds>',
      'longest time for one request',
      numberBetween(0.001, 3600, { whole: false }),
      5,
    )
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Every request asks the cluster's DNS server anew and opens a connection of its own. The exit code is 1 when any
request failed.

Examples:
  isthmus request --from north -n 100 http://hello.demo.svc.clusterset.local:8080/
  isthmus request --from east -n 10 -o json http://hello.demo.svc.clusterset.local:8080/healthz

It works with the playground (\`isthmus up\`). On clusters of your own run a pod instead:
  kubectl --context a run try --rm -it --restart=Never --image=curlimages/curl -- \\
    curl -s http://hello.demo.svc.clusterset.local:8080/`,
    )
    .action(async (url: string, flags: RequestFlags) => {
      const { runRequest } = await import('../request/run-request.ts')
      exit(await runRequest(url, flags, context))
    })
