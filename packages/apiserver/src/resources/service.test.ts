import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { ReadableStorage, ResourceDefinition, WriteContext } from '../registry/definition.ts'
import { ServiceAllocation } from './service-allocation.ts'
import { serviceRules } from './service-rules.ts'
import type { Service, ServiceSpec } from './service-spec.ts'

const DUAL = ['10.96.0.0/16', 'fd00:10:96::/112']

/** Services as a server writes them: the rules in their order, and a map for a store. */
class Services {
  readonly #allocation: ServiceAllocation
  readonly #rules: ReturnType<typeof serviceRules>
  readonly #stored = new Map<string, Service>()
  readonly warnings: string[] = []

  constructor(serviceCIDRs: string[] = DUAL) {
    this.#allocation = new ServiceAllocation({ serviceCIDRs })
    this.#rules = serviceRules(this.#allocation)
  }

  create(name: string, spec: object, annotations: Record<string, string> = {}): Service | string[] {
    const metadata = {
      name,
      namespace: 'n',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: 't',
      annotations,
    }
    return this.#write(
      { apiVersion: 'v1', kind: 'Service', metadata, spec, status: {} } as unknown as Service,
      undefined,
    )
  }

  /** A merge patch of the spec, or of the status. */
  patch(name: string, patch: Record<string, unknown>, subresource: '' | 'status' = ''): Service | string[] {
    const old = this.get(name)
    const next = structuredClone(old)
    const target = (subresource === 'status' ? next.status : next.spec) as Record<string, unknown>
    for (const [key, value] of Object.entries(patch)) {
      if (value === null) delete target[key]
      else target[key] = value
    }
    return this.#write(next, old, subresource)
  }

  replace(name: string, spec: object): Service | string[] {
    const old = this.get(name)
    return this.#write({ ...structuredClone(old), spec } as Service, old)
  }

  delete(name: string): void {
    this.#rules.release?.(this.get(name))
    this.#stored.delete(name)
  }

  get(name: string): Service {
    const found = this.#stored.get(name)
    assert.ok(found, `Service ${name} is there`)
    return found
  }

  /** The server lost what it had in memory, and has its storage. */
  restart(): void {
    this.#allocation.forget()
  }

  #write(object: Service, old: Service | undefined, subresource: '' | 'status' = ''): Service | string[] {
    const list = () => [...this.#stored.values()]
    const storage: ReadableStorage = { get: () => undefined, list }
    const context: WriteContext = {
      definition: {} as ResourceDefinition,
      subresource,
      dryRun: false,
      now: new Date(0),
      user: { username: 'admin', groups: [] },
      storage,
      warn: text => void this.warnings.push(text),
    }
    this.#rules.fill?.(object, old, context)
    this.#rules.prepare?.(object, old, context)
    const errors = this.#rules.validate?.(object, old, context) ?? []
    if (errors.length > 0) return errors.map(error => `${error.field}: ${error.message}`)
    this.#rules.reserve?.(object, old, context)
    this.#stored.set(object.metadata.name, object)
    return object
  }
}

function made(result: Service | string[]): ServiceSpec {
  assert.ok(!Array.isArray(result), `refused: ${result}`)
  return result.spec
}

const PORTS = { ports: [{ port: 80 }] }

describe('Services that are refused', () => {
  const REFUSED: { name: string; spec: object; cidrs?: string[]; errors: string[] }[] = [
    {
      name: 'a node port out of range',
      spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] },
      errors: [
        'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
      ],
    },
    {
      name: 'a node port twice',
      spec: {
        type: 'NodePort',
        ports: [
          { name: 'a', port: 80, nodePort: 30080 },
          { name: 'b', port: 81, nodePort: 30080 },
        ],
      },
      errors: ['spec.ports[1].nodePort: Invalid value: 30080: provided port is already allocated'],
    },
    {
      name: 'a node port of a ClusterIP Service',
      spec: { ports: [{ port: 80, nodePort: 30080 }] },
      errors: ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    },
    {
      name: 'three addresses',
      spec: { ...PORTS, clusterIP: '10.96.0.5', clusterIPs: ['10.96.0.5', 'fd00:10:96::5', '10.96.0.6'] },
      errors: [
        'spec.clusterIPs: Invalid value: ["10.96.0.5","fd00:10:96::5","10.96.0.6"]: may only hold up to 2 values',
        'spec.clusterIPs: Invalid value: ["10.96.0.5","fd00:10:96::5","10.96.0.6"]: may specify no more than one IP for each IP family',
      ],
    },
    {
      name: 'two addresses of one family',
      spec: {
        ...PORTS,
        clusterIP: '10.96.0.5',
        clusterIPs: ['10.96.0.5', '10.96.0.6'],
        ipFamilyPolicy: 'PreferDualStack',
      },
      errors: [
        'spec.clusterIPs: Invalid value: ["10.96.0.5","10.96.0.6"]: may specify no more than one IP for each IP family',
      ],
    },
    {
      name: 'two addresses without a policy that allows them',
      spec: { ...PORTS, clusterIP: '10.96.0.5', clusterIPs: ['10.96.0.5', 'fd00:10:96::5'] },
      errors: [
        `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified`,
      ],
    },
    {
      name: 'dual stack where there is one',
      spec: { ...PORTS, ipFamilyPolicy: 'RequireDualStack' },
      cidrs: ['10.96.0.0/16'],
      errors: [
        'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
      ],
    },
    {
      name: 'a family that the cluster has not',
      spec: { ...PORTS, ipFamilies: ['IPv6'] },
      cidrs: ['10.96.0.0/16'],
      errors: ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
    },
    {
      name: 'an address of a family that the cluster has not',
      spec: { ...PORTS, clusterIP: 'fd00::1' },
      cidrs: ['10.96.0.0/16'],
      errors: ['spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster'],
    },
    {
      name: 'the network address of the range',
      spec: { ...PORTS, clusterIP: '10.96.0.0' },
      errors: [
        'spec.clusterIPs: Invalid value: ["10.96.0.0"]: failed to allocate IP 10.96.0.0: the provided network does not match the current range',
      ],
    },
    {
      name: 'families of an ExternalName Service',
      spec: {
        type: 'ExternalName',
        externalName: 'a.test.',
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
      },
      errors: [
        'spec.ipFamilies: Forbidden: may not be set for ExternalName services',
        'spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services',
      ],
    },
    {
      name: 'what only a LoadBalancer has',
      spec: {
        ...PORTS,
        allocateLoadBalancerNodePorts: true,
        loadBalancerClass: 'a.test/b',
        loadBalancerSourceRanges: ['10.0.0.0/8'],
        healthCheckNodePort: 30000,
      },
      errors: [
        "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
        "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
        "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ],
    },
    {
      name: 'source ranges that are none',
      spec: {
        ...PORTS,
        type: 'LoadBalancer',
        loadBalancerSourceRanges: [' 10.0.0.0/8 ', '10.0.0.1/8', 'x', '010.0.0.0/8', '10.0.0.0/33'],
      },
      errors: [
        'spec.LoadBalancerSourceRanges[1]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
        'spec.LoadBalancerSourceRanges[2]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        'spec.LoadBalancerSourceRanges[3]: Invalid value: "010.0.0.0/8": must not have leading 0s in IP or prefix length',
        'spec.LoadBalancerSourceRanges[4]: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      ],
    },
    {
      name: 'a target port that is no name',
      spec: { ports: [{ port: 80, targetPort: '-Bad--Name_too_long-' }] },
      errors: [
        'spec.ports[0].targetPort: Invalid value: "-Bad--Name_too_long-": must be no more than 15 characters',
        'spec.ports[0].targetPort: Invalid value: "-Bad--Name_too_long-": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'spec.ports[0].targetPort: Invalid value: "-Bad--Name_too_long-": must not contain consecutive hyphens',
        'spec.ports[0].targetPort: Invalid value: "-Bad--Name_too_long-": must not begin or end with a hyphen',
      ],
    },
    {
      name: 'headless behind a load balancer',
      spec: { ...PORTS, type: 'LoadBalancer', clusterIP: 'None' },
      errors: [
        `spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for LoadBalancer services`,
      ],
    },
    {
      name: 'an unknown external traffic policy',
      spec: { ...PORTS, type: 'NodePort', externalTrafficPolicy: 'Near' },
      errors: ['spec.externalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"'],
    },
  ]
  for (const { name, spec, cidrs, errors } of REFUSED) {
    test(name, () => assert.deepEqual(new Services(cidrs).create('x', spec), errors))
  }
})

describe('node ports', () => {
  test('a port of several protocols has one number, on creation', () => {
    const dns = {
      type: 'NodePort',
      ports: [
        { name: 'a', port: 53 },
        { name: 'b', port: 53, protocol: 'UDP' },
      ],
    }
    const [a, b] = made(new Services().create('x', dns)).ports ?? []
    assert.ok(a?.nodePort)
    assert.equal(a.nodePort, b?.nodePort)
  })

  test('a client that does not send them keeps them, by port name', () => {
    const services = new Services()
    const before = made(services.create('x', { type: 'NodePort', ports: [{ name: 'a', port: 80 }] }))
      .ports?.[0]
    const after = made(
      services.replace('x', {
        type: 'NodePort',
        ports: [
          { name: 'b', port: 81 },
          { name: 'a', port: 82 },
        ],
      }),
    )
    assert.equal(after.ports?.[1]?.nodePort, before?.nodePort)
    assert.notEqual(after.ports?.[0]?.nodePort, before?.nodePort)
  })

  test('a number that is given up can be had by another Service', () => {
    const services = new Services()
    const spec = (nodePort: number) => ({ type: 'NodePort', ports: [{ port: 80, nodePort }] })
    made(services.create('a', spec(30001)))
    made(services.patch('a', spec(30002)))
    made(services.create('b', spec(30001)))
    assert.equal(made(services.patch('a', { type: 'ClusterIP' })).ports?.[0]?.nodePort, undefined)
    made(services.create('c', spec(30002)))
  })

  test('a load balancer that needs a health check has a port for it', () => {
    const services = new Services()
    const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ...PORTS }
    const { healthCheckNodePort } = made(services.create('x', local))
    assert.ok(healthCheckNodePort)
    assert.deepEqual(services.patch('x', { healthCheckNodePort: healthCheckNodePort + 1 }), [
      'spec.healthCheckNodePort: Forbidden: field is immutable',
    ])
    assert.equal(
      made(services.patch('x', { externalTrafficPolicy: 'Cluster' })).healthCheckNodePort,
      undefined,
    )
  })
})

describe('dual stack', () => {
  test('a second family comes and goes as the policy says', () => {
    const services = new Services()
    const [first] = made(services.create('x', PORTS)).clusterIPs ?? []
    const dual = made(services.patch('x', { ipFamilyPolicy: 'PreferDualStack' }))
    assert.deepEqual(dual.ipFamilies, ['IPv4', 'IPv6'])
    assert.equal(dual.clusterIPs?.[0], first)
    const second = dual.clusterIPs?.[1] as string
    assert.deepEqual(services.patch('x', { clusterIPs: [first] }), [
      `spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be 'SingleStack' to release the secondary cluster IP`,
    ])
    const single = made(services.patch('x', { ipFamilyPolicy: 'SingleStack' }))
    assert.deepEqual([single.clusterIPs, single.ipFamilies], [[first], ['IPv4']])
    made(services.create('y', { ...PORTS, clusterIP: second }))
  })

  test('the order of a cluster is that of its ranges', () => {
    const spec = made(
      new Services(['fd00:10:96::/112', '10.96.0.0/16']).create('x', {
        ...PORTS,
        ipFamilyPolicy: 'PreferDualStack',
      }),
    )
    assert.deepEqual(spec.ipFamilies, ['IPv6', 'IPv4'])
    assert.equal(spec.clusterIP, spec.clusterIPs?.[0])
  })

  test('headless without selector is dual on a single-stack cluster too', () => {
    const spec = made(new Services(['10.96.0.0/16']).create('x', { ...PORTS, clusterIP: 'None' }))
    assert.deepEqual([spec.ipFamilies, spec.ipFamilyPolicy], [['IPv4', 'IPv6'], 'RequireDualStack'])
  })
})

describe('what is allocated', () => {
  test('is not given twice, whatever happens to Services, nor after a restart', () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      type: fc.constantFrom('ClusterIP', 'NodePort', 'ExternalName', 'None', 'delete', 'restart'),
      policy: fc.constantFrom('SingleStack', 'PreferDualStack', undefined),
      ip: fc.option(fc.integer({ min: 0, max: 7 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const services = new Services(['10.0.0.0/28', 'fd00::/124'])
        const alive = new Map<string, Service>()
        for (const { name, type, policy, ip } of steps) {
          if (type === 'restart') services.restart()
          else if (type === 'delete') {
            if (alive.delete(name)) services.delete(name)
          } else {
            const kind = type === 'None' ? { clusterIP: 'None' } : { type }
            const wanted =
              ip === undefined || type === 'None' || type === 'ExternalName'
                ? {}
                : { clusterIP: `10.0.0.${ip}` }
            const policies = policy && type !== 'ExternalName' ? { ipFamilyPolicy: policy } : {}
            const spec = { ...PORTS, ...kind, ...wanted, ...policies, externalName: 'a.test' }
            const result = alive.has(name) ? services.replace(name, spec) : services.create(name, spec)
            if (!Array.isArray(result)) alive.set(name, result)
          }
          const ips = [...alive.values()]
            .flatMap(service => service.spec.clusterIPs ?? [])
            .filter(ip => ip !== 'None')
          const ports = [...alive.values()].flatMap(
            ({ spec }) => spec.ports?.flatMap(port => port.nodePort ?? []) ?? [],
          )
          assert.equal(new Set(ips).size, ips.length)
          assert.equal(new Set(ports).size, ports.length)
        }
        for (const name of [...alive.keys()]) services.delete(name)
        const all = Array.from({ length: 14 }, (_, i) => made(services.create(`s${i}`, PORTS)).clusterIP)
        assert.equal(new Set(all).size, 14)
      }),
    )
  })

  test('a full range is an error of the server, and takes nothing', () => {
    const services = new Services(['10.0.0.0/30', 'fd00::/127'])
    made(services.create('a', { ...PORTS, ipFamilyPolicy: 'PreferDualStack' }))
    assert.throws(
      () => services.create('b', { ...PORTS, ipFamilyPolicy: 'PreferDualStack' }),
      /Internal error occurred: failed to allocate a serviceIP: range is full/,
    )
    made(services.create('b', PORTS))
  })
})

describe('warnings', () => {
  const WARNED: [object, string[]][] = [
    [
      { ...PORTS, externalName: 'a.test' },
      ['spec.externalName is ignored when spec.type is not "ExternalName"'],
    ],
    [
      { ...PORTS, clusterIP: 'None', sessionAffinity: 'ClientIP', externalIPs: ['192.0.2.1'] },
      [
        'spec.externalIPs is ignored for headless services',
        'spec.SessionAffinity is ignored for headless services',
      ],
    ],
    [
      { ...PORTS, clusterIP: 'FD00:10:96::7' },
      [
        'spec.clusterIPs[0]: IPv6 address "FD00:10:96::7" should be in RFC 5952 canonical format ("fd00:10:96::7")',
      ],
    ],
  ]
  for (const [spec, warnings] of WARNED) {
    test(warnings[0] ?? '', () => {
      const services = new Services()
      made(services.create('x', spec))
      assert.deepEqual(services.warnings, warnings)
    })
  }
})

test('a status names the family of each of its mistakes', () => {
  const services = new Services()
  made(services.create('x', { ...PORTS, type: 'LoadBalancer' }))
  const loadBalancer = {
    ingress: [{ hostname: '192.0.2.1' }, { ip: '192.0.2.1', ipMode: 'Any' }, { ipMode: 'VIP' }],
  }
  assert.deepEqual(services.patch('x', { loadBalancer }, 'status'), [
    'status.loadBalancer.ingress[0].hostname: Invalid value: "192.0.2.1": must be a DNS name, not an IP address',
    'status.loadBalancer.ingress[1].ipMode: Unsupported value: "Any": supported values: "Proxy", "VIP"',
    'status.loadBalancer.ingress[2].ipMode: Forbidden: may not be specified when `ip` is not set',
  ])
})
