/** Packets that nobody means well with: built to the grammar of DNS and then bent, over all parts of a message. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DnsServer } from './server.ts'
import {
  clusterSetIP,
  decodeAnswer,
  encodeQuestion,
  fixture,
  headless,
  slice,
} from './testing/zone-fixture.ts'

const objects = [clusterSetIP('web', '10.0.0.1', 'fd00::1'), headless('many'), slice('many', 200)]
const { responder, source } = await fixture(...objects)

const HEADER = 12
const OPT = 41

/** Labels of known names, long ones, and pointers to anywhere, among them to themselves. */
const label = fc.oneof(
  fc
    .constantFrom('web', 'many', 'demo', 'svc', 'clusterset', 'local', 'WEB')
    .map(text => [text.length, ...Buffer.from(text)]),
  fc.integer({ min: 0, max: 300 }).map(to => [0xc0 | (to >> 8), to & 0xff]),
  fc
    .integer({ min: 40, max: 255 })
    .map(length => [length, ...new Array<number>(Math.min(length, 63)).fill(0x61)]),
)
const known = (service: string) =>
  [service.length, service, 4, 'demo', 3, 'svc', 10, 'clusterset', 5, 'local', 0].flatMap(part =>
    typeof part === 'number' ? [part] : [...Buffer.from(part)],
  )
const name = fc.oneof(
  fc.constantFrom(known('web'), known('many')),
  fc.array(label, { maxLength: 12 }).map(labels => [...labels.flat(), 0]),
  fc.array(label, { maxLength: 40 }).map(labels => labels.flat()),
)
const word = (value: number) => [(value >> 8) & 0xff, value & 0xff]
const number = fc
  .oneof(fc.constantFrom(0, 1, 2, 28, 33, OPT, 255, 512, 1232, 4096, 65_535), fc.nat(65_535))
  .map(word)
const question = fc.tuple(name, number, number).map(parts => parts.flat())
const option = fc
  .tuple(number, number, fc.uint8Array({ maxLength: 20 }))
  .map(([code, length, data]) => [...code, ...length, ...data])
const opt = fc
  .tuple(
    fc.constantFrom([0], [0], known('web')),
    fc.constantFrom(OPT, OPT, 1).map(word),
    number,
    number,
    number,
    number,
    fc.array(option, { maxLength: 4 }),
  )
  .map(([owner, type, size, high, low, length, options]) =>
    [owner, type, size, high, low, length, options.flat()].flat(),
  )
const bent = fc
  .record({
    id: number,
    flags: fc.oneof(fc.constantFrom(0, 0x0100, 0x2800, 0x8000).map(word), number),
    counts: fc.array(fc.oneof(fc.constantFrom(0, 1).map(word), number), { minLength: 4, maxLength: 4 }),
    questions: fc.array(question, { maxLength: 3 }),
    records: fc.array(opt, { maxLength: 3 }),
    cut: fc.option(fc.nat(400), { nil: undefined, freq: 5 }),
  })
  .map(({ id, flags, counts, questions, records, cut }) =>
    Buffer.from([id, flags, counts.flat(), questions.flat(), records.flat()].flat()).subarray(0, cut),
  )

/** A query of every EDNS size, with a few bytes that are others. */
const edited = fc
  .record({
    name: fc.constantFrom(known('web'), known('many')),
    type: fc.constantFrom(1, 28, 33, 255).map(word),
    size: number,
    edits: fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { maxLength: 2 }),
  })
  .map(({ name, type, size, edits }) => {
    const head = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]
    const query = Buffer.from([...head, ...name, ...type, 0, 1, 0, 0, OPT, ...size, 0, 0, 0, 0, 0, 0])
    for (const { at, byte } of edits) query[at % query.length] = byte
    return query
  })
const packet = fc.oneof(bent, edited)

/** The largest answer that a query allows over UDP: read here in a way of its own. */
function allowed(query: Buffer): number {
  let largest = 512
  for (let at = HEADER; at + 5 <= query.length; at++) {
    // Wherever an OPT record could begin: what is not one can only allow more here than there.
    if (query[at] === 0 && query.readUInt16BE(at + 1) === OPT)
      largest = Math.max(largest, query.readUInt16BE(at + 3))
  }
  return largest
}

describe('a packet of any kind', () => {
  it('gets an answer that is no larger than asked for, or none', () => {
    let large = 0
    fc.assert(
      fc.property(packet, query => {
        const size = responder.respond(query, 'udp')
        const isQuery = query.length >= HEADER && ((query[2] as number) & 0x80) === 0
        if (!isQuery) return assert.equal(size, 0, 'what is no query is dropped')
        assert.ok(size === 0 || size >= HEADER)
        assert.ok(size <= allowed(query), `${size} of ${allowed(query)} bytes`)
        if (size > 512) large++
        if (size > 0) assert.ok((responder.response.readUInt16BE(2) & 0x8000) !== 0, 'a response')
      }),
      { numRuns: 4_000, seed: 11 },
    )
    assert.ok(large > 100, `only ${large} answers were so long that the size mattered`)
  })

  it('takes little time, whatever its names point at', () => {
    const began = process.cpuUsage()
    const loop = Buffer.alloc(4_000, 0xc0)
    loop.set([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    for (let i = HEADER; i + 1 < loop.length; i += 2)
      loop.writeUInt16BE(0xc000 | (HEADER + ((i * 7) % 3_900)), i)
    for (let i = 0; i < 2_000; i++) responder.respond(loop, i % 2 === 0 ? 'udp' : 'tcp')
    const { user, system } = process.cpuUsage(began)
    assert.ok(user + system < 2_000_000, `${(user + system) / 2_000} µs each`)
  })
})

it('a server that was sent any packets, over UDP and TCP, answers the next query', async () => {
  const server = new DnsServer({ source })
  const { address, port } = await server.listen({ port: 0 })
  const udp = createSocket('udp4')
  const query = encodeQuestion({ name: 'web.demo.svc.clusterset.local', type: 'A' })
  // Answers to the packets before come as well.
  const isAnswer = (message: Buffer) =>
    message.subarray(HEADER, query.length).equals(query.subarray(HEADER)) &&
    (message.readUInt16BE(2) & 0x000f) === 0
  let asking: NodeJS.Timeout | undefined
  try {
    for (const packets of fc.sample(packet, { numRuns: 300, seed: 7 })) {
      if (packets.length > 0) udp.send(packets, port, address)
      const tcp = connectTcp(port, address)
      tcp.on('error', () => {})
      tcp.end(Buffer.concat([Buffer.from(word(packets.length)), packets]))
      tcp.resume()
    }
    asking = setInterval(() => udp.send(query, port, address), 50)
    const signal = AbortSignal.timeout(10_000)
    let [message] = (await once(udp, 'message', { signal })) as [Buffer]
    while (!isAnswer(message)) [message] = (await once(udp, 'message', { signal })) as [Buffer]
    assert.equal(decodeAnswer(message).answers?.length, 1)
  } finally {
    clearInterval(asking)
    udp.close()
    await server.close()
  }
})
