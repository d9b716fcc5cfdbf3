import { Counter, Gauge, Registry } from 'prom-client'
import type { DnsServer } from './server.ts'

/** What a DNS server tells Prometheus: read from its counters when it is scraped, nothing is done per query. */
export function dnsMetrics(server: DnsServer): Registry {
  const registers = [new Registry()]
  const [registry = new Registry()] = registers
  new Counter({
    name: 'isthmus_dns_answers_total',
    help: 'Answers, by transport, type of the question and code',
    labelNames: ['transport', 'type', 'rcode'],
    registers,
    collect() {
      this.reset()
      for (const { transport, type, rcode, count } of server.counters.answers())
        this.inc({ transport, type, rcode }, count)
    },
  })
  const total = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  const now = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read())
      },
    })
  const { counters } = server
  total('isthmus_dns_ignored_total', 'Messages that got no answer: no queries', () => counters.ignored)
  total('isthmus_dns_truncated_total', 'Answers that did not fit, and said so', () => counters.truncated)
  total(
    'isthmus_dns_connections_evicted_total',
    'TCP connections closed to make room for others',
    () => counters.connectionsEvicted,
  )
  now('isthmus_dns_connections', 'TCP connections that are open', () => counters.connections)
  now('isthmus_dns_names', 'Names in the zone', () => server.countNames())
  now('isthmus_dns_serial', "The serial of the zone's SOA", () => server.serial)
  now('isthmus_dns_synced', 'Whether all objects were read once', () => Number(server.synced))
  return registry
}
