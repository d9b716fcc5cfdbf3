import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Counters } from './counters.ts'
import { Responder } from './responder.ts'
import {
  ask,
  clusterSetIP,
  encodeQuestion,
  fixture,
  headless,
  NAMESPACE,
  recordLines,
  slice,
} from './testing/zone-fixture.ts'

const ZONE = 'demo.svc.clusterset.local'

describe('answers', () => {
  it('have the case of the question, in owners, in the zone of targets and in the SOA', async () => {
    const { responder } = await fixture(clusterSetIP('web', '10.0.0.1'))
    const asked = '_HTTP._tcp.Web.Demo.svc.ClusterSet.LOCAL'
    const { answers, additionals } = ask(responder, { name: asked, type: 'SRV' })
    const target = 'web.demo.svc.ClusterSet.LOCAL'
    assert.deepEqual(recordLines(answers), [`${asked} SRV 0 100 80 ${target}`])
    assert.deepEqual(recordLines(additionals), [`${target} A 10.0.0.1`])
    const { authorities } = ask(responder, { name: 'nobody.demo.svc.ClusterSet.LOCAL', type: 'A' })
    assert.deepEqual(recordLines(authorities), ['ClusterSet.LOCAL SOA'])
    // The prepared answer has kept its own case.
    const again = ask(responder, { name: `_http._tcp.web.${ZONE}`, type: 'SRV' })
    assert.deepEqual(recordLines(again.additionals), [`web.${ZONE} A 10.0.0.1`])
  })

  it('copy RD and CD, and nothing else of the flags', async () => {
    const { responder } = await fixture(clusterSetIP('web', '10.0.0.1'))
    const query = encodeQuestion({ name: `web.${ZONE}`, type: 'A' })
    query.writeUInt16BE(0x07f0 & ~0x7800, 2)
    responder.respond(query, 'udp')
    assert.equal(responder.response.readUInt16BE(2), 0x8510)
  })

  it('begin with another address each time, whole or cut', async () => {
    const { responder } = await fixture(headless('many'), slice('many', 40))
    for (const udpSize of [4096, 512]) {
      const firsts = Array.from({ length: 80 }, () => {
        const { answers } = ask(responder, { name: `many.${ZONE}`, type: 'A', udpSize })
        const lines = recordLines(answers)
        assert.equal(new Set(lines).size, lines.length)
        assert.equal(lines.length, udpSize === 512 ? 28 : 40)
        return lines[0]
      })
      assert.equal(new Set(firsts).size, 40)
    }
  })

  it('follow a change', async () => {
    const { responder, source, settle } = await fixture(clusterSetIP('web', '10.0.0.1'))
    const question = { name: `web.${ZONE}`, type: 'A' }
    assert.deepEqual(recordLines(ask(responder, question).answers), [`web.${ZONE} A 10.0.0.1`])
    source.put(clusterSetIP('web', '10.0.0.2'))
    await settle()
    assert.deepEqual(recordLines(ask(responder, question).answers), [`web.${ZONE} A 10.0.0.2`])
    source.delete(clusterSetIP('web'))
    await settle()
    assert.equal(ask(responder, question).rcode, 'NXDOMAIN')
  })

  it('have no names from slices or namespaces alone', async () => {
    const { responder } = await fixture(NAMESPACE, slice('orphan', 2))
    assert.equal(ask(responder, { name: `orphan.${ZONE}`, type: 'A' }).rcode, 'NXDOMAIN')
    assert.equal(ask(responder, { name: `pod-0.east.orphan.${ZONE}`, type: 'A' }).rcode, 'NXDOMAIN')
    assert.equal(ask(responder, { name: ZONE, type: 'A' }).rcode, 'NOERROR')
  })

  it('have IPv6 addresses as other software reads them', async () => {
    const { responder, source, settle } = await fixture()
    const addresses = fc.sample(fc.ipV6(), 50).filter(address => !address.startsWith('::ffff:'))
    for (const address of [...addresses, '::', '::1', '1::', '1:2:3:4:5:6:7::', '::1.2.3.4']) {
      source.put(clusterSetIP('web', address))
      await settle()
      const { answers } = ask(responder, { name: `web.${ZONE}`, type: 'AAAA' })
      const [, , got] = (recordLines(answers)[0] ?? '').split(' ')
      assert.equal(new URL(`http://[${got}]`).host, new URL(`http://[${address}]`).host)
    }
  })
})

describe('size', () => {
  for (const [what, udpSize, answers] of [
    ['512 bytes without EDNS', undefined, 7],
    ['512 bytes if EDNS says less', 100, 7],
    ['what EDNS says', 1232, 18],
  ] as const) {
    it(`is at most ${what}, by whole records`, async () => {
      const { responder, counters } = await fixture(headless('many'), slice('many', 100))
      const question = { name: `_http._tcp.many.${ZONE}`, type: 'SRV', ...(udpSize && { udpSize }) }
      const answer = ask(responder, question)
      assert.ok(answer.flag_tc)
      assert.equal(answer.answers?.length, answers)
      assert.ok(answer.size <= Math.max(udpSize ?? 0, 512))
      assert.equal(counters.truncated, 1)
    })
  }

  it('has a limit of its own, if given one', async () => {
    const { zone } = await fixture(headless('many'), slice('many', 100))
    const responder = new Responder(zone, new Counters(), 1232)
    responder.isReady = true
    const question = { name: `many.${ZONE}`, type: 'SRV', udpSize: 4096 }
    assert.ok(ask(responder, question).size <= 1232)
    assert.equal(ask(responder, { ...question, transport: 'tcp' }).flag_tc, false)
  })

  it('is not limited over TCP: names beyond the reach of pointers are written out', async () => {
    const { responder } = await fixture(headless('many'), slice('many', 500))
    const answer = ask(responder, { name: `many.${ZONE}`, type: 'SRV', transport: 'tcp' })
    assert.equal(answer.flag_tc, false)
    assert.ok(answer.size > 0x4000)
    const targets = new Set(recordLines(answer.answers).map(line => line.split(' ').at(-1)))
    assert.deepEqual(new Set(recordLines(answer.additionals).map(line => line.split(' ')[0])), targets)
    assert.equal(targets.size, 500)
  })

  it('ends where TCP ends, with TC', async () => {
    const { responder } = await fixture(headless('many'), slice('many', 2000))
    const answer = ask(responder, { name: `many.${ZONE}`, type: 'SRV', transport: 'tcp', udpSize: 4096 })
    assert.ok(answer.flag_tc)
    assert.ok(answer.size <= 65_535)
    assert.ok((answer.answers?.length ?? 0) > 900)
  })
})

describe('refusals', () => {
  it('are SERVFAIL until all was read once, but for other zones', async () => {
    const { responder } = await fixture(clusterSetIP('web', '10.0.0.1'))
    responder.isReady = false
    assert.equal(ask(responder, { name: `web.${ZONE}`, type: 'A' }).rcode, 'SERVFAIL')
    assert.equal(ask(responder, { name: 'example.test', type: 'A' }).rcode, 'REFUSED')
    const { additionals } = ask(responder, { name: `web.${ZONE}`, type: 'A', udpSize: 1232 })
    // Extended error 14, Not Ready (RFC 8914).
    const [opt] = additionals ?? []
    assert.ok(opt?.type === 'OPT')
    assert.deepEqual(opt.options, [{ code: 15, type: 'OPTION_15', data: Buffer.from([0, 14]) }])
  })

  it('meet transfers, over both transports', async () => {
    const { responder } = await fixture()
    for (const transport of ['udp', 'tcp'] as const) {
      for (const type of ['AXFR', 'IXFR']) {
        assert.equal(ask(responder, { name: 'clusterset.local', type, transport }).rcode, 'REFUSED')
      }
    }
  })

  it('meet names whose bytes end like the zone within a label', async () => {
    const { responder } = await fixture()
    const query = encodeQuestion({ name: 'x?clusterset.local', type: 'A' })
    // The question mark becomes the length of "clusterset".
    query[query.indexOf('?')] = 10
    responder.respond(query, 'udp')
    assert.equal(responder.response.readUInt16BE(2) & 0xf, 5)
  })

  it('are counted by transport, type and RCODE', async () => {
    const { responder, counters } = await fixture(clusterSetIP('web', '10.0.0.1'))
    ask(responder, { name: `web.${ZONE}`, type: 'A' })
    ask(responder, { name: `web.${ZONE}`, type: 'A' })
    ask(responder, { name: 'example.test', type: 'MX', transport: 'tcp' })
    responder.respond(Buffer.alloc(12), 'udp')
    responder.respond(Buffer.alloc(3), 'udp')
    assert.deepEqual(
      [...counters.answers()],
      [
        { transport: 'udp', type: 'A', rcode: 'NOERROR', count: 2 },
        { transport: 'udp', type: 'none', rcode: 'FORMERR', count: 1 },
        { transport: 'tcp', type: 'other', rcode: 'REFUSED', count: 1 },
      ],
    )
    assert.equal(counters.ignored, 1)
  })
})
