/** The least that a DNS server can do: one answer, encoded once, with the question's id. Prints where it listens. */
import { createSocket } from 'node:dgram'

const HEADER = 12
/** A pointer to the question's name, A, IN, 5 s, 4 bytes of address. */
const RECORD = Buffer.from([0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 100, 0, 0, 1])

const socket = createSocket('udp4')
let answer: Buffer | undefined
socket.on('message', (query, { port, address }) => {
  answer ??= encode(query)
  answer[0] = query[0] ?? 0
  answer[1] = query[1] ?? 0
  socket.send(answer, 0, answer.length, port, address)
})
socket.bind(0, '127.0.0.1', () => console.log(JSON.stringify({ port: socket.address().port })))

function encode(query: Buffer): Buffer {
  let end = HEADER
  while (query[end]) end += 1 + (query[end] ?? 0)
  const encoded = Buffer.concat([query.subarray(0, end + 5), RECORD])
  encoded.set([0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0], 2)
  return encoded
}
