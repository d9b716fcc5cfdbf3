import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatCIDR, parseCIDR } from './cidr.ts'
import { formatAddress, parseAddress } from './ip-address.ts'
import { NodePortAllocator } from './node-port-allocator.ts'
import { ServiceIPAllocator } from './service-ip-allocator.ts'

const allocator = (...cidrs: string[]) =>
  new ServiceIPAllocator(
    cidrs.map(text => {
      const cidr = parseCIDR(text)
      assert.ok(cidr, text)
      return cidr
    }),
  )

describe('addresses', () => {
  const CANONICAL: [string, string | undefined][] = [
    ['10.96.0.1', '10.96.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['10.0.0.01', undefined],
    ['10.0.0', undefined],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['fd00:10:96::', 'fd00:10:96::'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['fe80::1%eth0', undefined],
    ['host.example', undefined],
  ]
  for (const [text, canonical] of CANONICAL) {
    test(`${text} is ${canonical ?? 'no address'}`, () => {
      const address = parseAddress(text)
      assert.equal(address && formatAddress(address), canonical)
    })
  }

  test('what is written is read back', () => {
    fc.assert(
      fc.property(fc.ipV6(), text => {
        const address = parseAddress(text)
        assert.ok(address, text)
        assert.deepEqual(parseAddress(formatAddress(address)), address)
      }),
    )
  })
})

describe('ranges', () => {
  const RANGES: [string, string | undefined][] = [
    ['10.96.0.0/16', '10.96.0.0/16'],
    ['10.96.1.2/16', '10.96.0.0/16'],
    ['fd00:10:96::/112', 'fd00:10:96::/112'],
    ['::/0', '::/0'],
    ['10.96.0.0/33', undefined],
    ['10.96.0.0', undefined],
    ['10.96.0.0/016', undefined],
  ]
  for (const [text, canonical] of RANGES) {
    test(`${text} is ${canonical ?? 'no range'}`, () => {
      const cidr = parseCIDR(text)
      assert.equal(cidr && formatCIDR(cidr), canonical)
    })
  }
})

describe('Service IPs', () => {
  test('all of a range are handed out once, without network and broadcast address', () => {
    const ips = allocator('127.20.0.0/28')
    const given = new Set(Array.from({ length: 14 }, () => ips.takeNext()))
    const expected = Array.from({ length: 14 }, (_, i) => `127.20.0.${i + 1}`)
    assert.deepEqual([...given].sort(), expected.sort())
    assert.equal(ips.takeNext(), undefined)
  })

  test('IPv6 has no broadcast address', () => {
    const ips = allocator('fd00::/126')
    assert.deepEqual([ips.takeNext(), ips.takeNext(), ips.takeNext()].sort(), [
      'fd00::1',
      'fd00::2',
      'fd00::3',
    ])
    assert.equal(ips.takeNext(), undefined)
  })

  test('a huge range works, at its ends too', () => {
    const ips = allocator('fd00::/64')
    assert.match(ips.takeNext() ?? '', /^fd00::/)
    assert.equal(ips.take('fd00::1'), undefined)
  })

  test('low addresses stay free while others are', () => {
    const ips = allocator('10.0.0.0/24')
    const given = Array.from({ length: 254 - 16 }, () => ips.takeNext() ?? '')
    assert.ok(given.every(ip => Number(ip.split('.')[3]) > 16))
    assert.equal(ips.take('10.0.0.1'), undefined)
  })

  test('a second range is used when the first is full', () => {
    const ips = allocator('10.0.0.0/30', '10.1.0.0/30')
    const given = Array.from({ length: 4 }, () => ips.takeNext())
    assert.deepEqual(given.sort(), ['10.0.0.1', '10.0.0.2', '10.1.0.1', '10.1.0.2'])
  })

  test('asking for an address', () => {
    const ips = allocator('10.0.0.0/24')
    const OUT = 'the provided network does not match the current range'
    assert.equal(ips.take('10.0.0.7'), undefined)
    assert.equal(ips.take('10.0.0.7'), 'provided IP is already allocated')
    for (const ip of ['10.0.0.0', '10.0.0.255', '10.0.1.1', 'fd00::1']) assert.equal(ips.take(ip), OUT, ip)
    ips.release('10.0.0.7')
    assert.equal(ips.refusal('10.0.0.7'), undefined)
  })

  test('a range without room for a Service is refused at once', () => {
    assert.throws(() => allocator('10.0.0.0/31'), /10\.0\.0\.0\/31 has no address/)
  })

  test('taken and released in any order, an address is never held twice', () => {
    const commands = fc.array(fc.oneof(fc.constant('next'), fc.integer({ min: 0, max: 7 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(commands, steps => {
        const ips = allocator('10.0.0.0/29')
        const held = new Set<string>()
        for (const step of steps) {
          if (typeof step === 'string') {
            const ip = ips.takeNext()
            assert.equal(ip === undefined, held.size === 6)
            if (ip === undefined) continue
            assert.ok(!held.has(ip))
            held.add(ip)
          } else {
            ips.release(`10.0.0.${step}`)
            held.delete(`10.0.0.${step}`)
          }
        }
      }),
    )
  })
})

describe('node ports', () => {
  test('come from the range, each once', () => {
    const ports = new NodePortAllocator({ first: 30000, last: 30003 })
    const given = Array.from({ length: 4 }, () => ports.takeNext())
    assert.deepEqual(given.sort(), [30000, 30001, 30002, 30003])
    assert.equal(ports.takeNext(), undefined)
    ports.release(30002)
    assert.equal(ports.takeNext(), 30002)
  })

  test('asking for a port', () => {
    const ports = new NodePortAllocator()
    assert.equal(ports.take(30080), undefined)
    assert.equal(ports.take(30080), 'provided port is already allocated')
    assert.equal(
      ports.take(80),
      'provided port is not in the valid range. The range of valid ports is 30000-32767',
    )
  })
})
