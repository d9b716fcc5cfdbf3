import { Command, Option } from 'commander'
import type { CommandFactory } from '../program.ts'
import { type ClusterFlags, withClusterOptions } from './cluster-options.ts'
import { numberBetween } from './number.ts'

export interface DnsFlags extends ClusterFlags {
  listen: string
  ttl: number
  maxUdpSize?: number
  nameServerAddress?: string[]
  health: string
  logLevel: 'debug' | 'info' | 'warn' | 'error'
  logFormat: 'auto' | 'text' | 'json'
}

export const dnsCommand: CommandFactory = context =>
  withClusterOptions(
    new Command('dns')
      .summary('answer DNS for clusterset.local')
      .description('answer DNS for clusterset.local from the ServiceImports of one cluster'),
  )
    .option(
      '--listen <ip:port>',
      'where to answer, over UDP and TCP; port 0 for any that is free',
      '127.0.0.1:1053',
    )
    .option('--ttl <seconds>', 'how long clients may keep an answer', numberBetween(0, 3600), 5)
    .option(
      '--max-udp-size <bytes>',
      'longest answer over UDP; 1232 passes every network in one piece (default: what the client takes)',
      numberBetween(512, 65_535),
    )
    .option(
      '--name-server-address <ip...>',
      'where clients reach this server: addresses of ns.dns.clusterset.local',
    )
    .option('--health <host:port>', 'where /healthz, /readyz and /metrics are served, or off', 'off')
    .addOption(
      new Option('--log-level <level>', 'what to log')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addOption(
      new Option('--log-format <format>', 'auto: text on a terminal, else JSON')
        .choices(['auto', 'text', 'json'])
        .default('auto'),
    )
    .addHelpText(
      'after',
      `
It reads serviceimports, endpointslices and namespaces, and writes nothing. While the API server is away it
answers what it knew last.

Examples:
  isthmus dns --context a
  dig @127.0.0.1 -p 1053 hello.demo.svc.clusterset.local

In CoreDNS, send the zone to it with a stub:
  clusterset.local { forward . 10.0.0.10:1053 }`,
    )
    .action(async (flags: DnsFlags) => {
      const { runDns } = await import('../dns/run-dns.ts')
      await runDns(flags, context)
    })
