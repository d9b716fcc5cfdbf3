/** Questions on the wire to the DNS server of each cluster, in the words of scenarios. */
import { CLUSTERSET_ZONE } from '@isthmus/api'
import { DnsServer } from '@isthmus/dns'
import type { ClusterClient } from '@isthmus/kube'
import type { RecordType } from 'dns-packet'
import { askOverTcp, askOverUdp, type DnsAnswer, type DnsServerAddress } from '../../e2e/dns-question.ts'

interface Serving {
  readonly server: DnsServer
  readonly address: DnsServerAddress
  readonly client: ClusterClient
}

/** A server for each cluster that is asked, on loopback; each watches its cluster as `isthmus dns` does. */
export class DnsServers {
  readonly #connect: (cluster: string) => ClusterClient
  readonly #serving = new Map<string, Promise<Serving>>()

  constructor(connect: (cluster: string) => ClusterClient) {
    this.#connect = connect
  }

  /** `<name> <type>`, the name without the zone. */
  async answer(cluster: string, question: string): Promise<readonly string[] | string> {
    const serving = this.#serving.get(cluster) ?? this.#serve(cluster)
    this.#serving.set(cluster, serving)
    const { address } = await serving
    const [name = '', type = ''] = question.split(' ')
    return textOf(await ask(address, `${name}.${CLUSTERSET_ZONE}`, type as RecordType))
  }

  async close(): Promise<void> {
    for (const serving of this.#serving.values()) {
      const { server, client } = await serving
      await server.close()
      await client.close()
    }
  }

  async #serve(cluster: string): Promise<Serving> {
    const client = this.#connect(cluster)
    const server = new DnsServer({ client })
    const address = await server.listen({ port: 0 })
    await server.whenSynced()
    return { server, address, client }
  }
}

/** Over UDP, and where that is cut short over TCP, as a resolver does. */
async function ask(server: DnsServerAddress, name: string, type: RecordType): Promise<DnsAnswer> {
  const answer = await askOverUdp(server, name, type)
  return answer.flag_tc ? askOverTcp(server, name, type) : answer
}

function textOf({ rcode, answers = [] }: DnsAnswer): readonly string[] | string {
  if (rcode !== 'NOERROR') return rcode
  if (answers.length === 0) return 'NODATA'
  return answers
    .map(answer => {
      switch (answer.type) {
        case 'A':
        case 'AAAA':
          return answer.data
        case 'SRV': {
          const { priority, weight, port, target } = answer.data
          return `${priority} ${weight} ${port} ${target.replace(`.${CLUSTERSET_ZONE}`, '')}`
        }
        case 'TXT':
          return String(answer.data)
        default:
          return answer.type
      }
    })
    .sort()
}
