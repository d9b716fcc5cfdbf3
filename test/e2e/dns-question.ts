/** One DNS question as packets on the wire. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import {
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  type RecordType,
  streamDecode,
  streamEncode,
} from 'dns-packet'

const TIMEOUT_MS = 5000

export interface DnsServerAddress {
  readonly address: string
  readonly port: number
}

/** The types of dns-packet leave the code of the response out. */
export type DnsAnswer = DecodedPacket & { readonly rcode: string }

export async function askOverUdp(
  server: DnsServerAddress,
  name: string,
  type: RecordType,
): Promise<DnsAnswer> {
  const socket = createSocket('udp4')
  try {
    socket.send(encode(question(name, type)), server.port, server.address)
    const [answer] = await once(socket, 'message', { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return decode(answer) as DnsAnswer
  } finally {
    socket.close()
  }
}

export async function askOverTcp(
  server: DnsServerAddress,
  name: string,
  type: RecordType,
): Promise<DnsAnswer> {
  const socket = connect({ host: server.address, port: server.port, signal: AbortSignal.timeout(TIMEOUT_MS) })
  socket.write(streamEncode(question(name, type)))
  let received = Buffer.alloc(0)
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk])
    if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) break
  }
  return streamDecode(received) as DnsAnswer
}

/** The addresses in an answer. */
export function addressesOf(packet: Packet): string[] {
  return (packet.answers ?? []).flatMap(answer => (answer.type === 'A' ? [answer.data] : []))
}

function question(name: string, type: RecordType): Packet {
  return { type: 'query', id: 1, flags: 0, questions: [{ type, name, class: 'IN' }] }
}
