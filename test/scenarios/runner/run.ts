/** Runs the steps of a scenario on clusters, whatever these are. */
import { setTimeout as delay } from 'node:timers/promises'
import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  EXCHANGE_NAMESPACE,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type KubernetesObject,
  type ResourceType,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
  type Service,
  type ServiceExport,
  type ServiceImport,
} from '@isthmus/api'
import { chunkName, derivedServiceName, importedSliceName } from '@isthmus/core'
import type { Clusters } from './clusters.ts'
import { objectOf, typeOf, WRITTEN_KINDS } from './kinds.ts'
import { type Bindings, match } from './match.ts'
import type { Expectation, Partial, Scenario, Step } from './scenario.ts'
import { reached, slicesBySource } from './views.ts'

const SERVICE = 'hello'
const EXPECT_TIMEOUT_MS = 60_000

/** Runs a scenario in a namespace of its own. Rejects with what was not as expected, and where. */
export async function runScenario(scenario: Scenario, clusters: Clusters, namespace: string): Promise<void> {
  const run = new Run(clusters, namespace, Object.keys(scenario.members))
  for (const id of scenario.namespaces) {
    await clusters.create(id, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  }
  for (const [i, step] of scenario.steps.entries()) {
    await run.step(filledIn(step, namespace)).catch(error => {
      throw new Error(`${scenario.id}, step ${i + 1}: ${(error as Error).message}`, { cause: error })
    })
  }
}

/** A step with the namespace, and the names derived from it, in place of `<ns>` and `<derived>`. */
function filledIn(step: Step, namespace: string): Step {
  const text = JSON.stringify(step)
    .replaceAll('<ns>', namespace)
    .replace(/<imported:(\w+)\/([a-z0-9-]+)>/g, (_, cluster: string, slice: string) =>
      importedSliceName(
        derivedServiceName(namespace, SERVICE),
        cluster,
        chunkName(namespace, SERVICE, slice),
        'IPv4',
      ),
    )
    .replace(/<chunk:([a-z0-9-]+)>/g, (_, slice: string) => chunkName(namespace, SERVICE, slice))
    .replace(/<derived(?::([a-z0-9-]+))?>/g, (_, name: string = SERVICE) =>
      derivedServiceName(namespace, name),
    )
  return JSON.parse(text)
}

class Run {
  readonly #clusters: Clusters
  readonly #namespace: string
  readonly #members: readonly string[]
  #bindings: Bindings = new Map()

  constructor(clusters: Clusters, namespace: string, members: readonly string[]) {
    this.#clusters = clusters
    this.#namespace = namespace
    this.#members = members
  }

  async step(written: Step): Promise<void> {
    const clusters = this.#clusters
    const step = written.create || written.patch ? this.#withBound(written) : written
    if (step.expect !== undefined) return this.#expect(step.expect)
    if (step.quiet !== undefined) return this.#quiet(step.quiet, step.while ?? [])
    if (step.clock !== undefined) return clusters.clock(step.clock)
    // Exports of later steps are younger: creationTimestamps have whole seconds.
    if (step.create?.some(({ kind }) => kind === 'ServiceExport')) await clusters.clock(1)
    for (const id of step.in ?? []) {
      if (step.agent !== undefined) await clusters.agent(id, step.agent)
      if (step.rename !== undefined) await clusters.rename(id, step.rename)
      if (step.server !== undefined) await clusters.server(id, step.server)
      for (const object of step.create ?? []) await clusters.create(id, objectOf(object, this.#namespace))
      for (const object of step.patch ?? [])
        await clusters.patch(id, objectOf(object, this.#namespace), object.subresource)
      for (const object of step.delete ?? []) await clusters.delete(id, objectOf(object, this.#namespace))
    }
  }

  /** What placeholders have stood for, where something is written. */
  #withBound(step: Step): Step {
    return JSON.parse(
      JSON.stringify(step).replace(
        /<\w+:\w+>/g,
        placeholder => this.#bindings.get(placeholder) ?? placeholder,
      ),
    )
  }

  /** Waits for it, and then sees that it stays. */
  async #expect(expected: Readonly<Record<string, Expectation>>): Promise<void> {
    const deadline = performance.now() + EXPECT_TIMEOUT_MS
    for (;;) {
      const why = await this.#unmet(expected)
      if (why === undefined) break
      // Without waiting, nothing else will come.
      if (this.#clusters.pollMs === 0 || performance.now() > deadline) throw new Error(why)
      await delay(this.#clusters.pollMs)
    }
    await this.#settled()
    const why = await this.#unmet(expected)
    if (why !== undefined) throw new Error(`it did not stay: ${why}`)
  }

  async #unmet(expected: Readonly<Record<string, Expectation>>): Promise<string | undefined> {
    let bindings = this.#bindings
    for (const [id, expectation] of Object.entries(expected)) {
      const matched = match(expectation, await this.#seen(id, expectation), bindings)
      if (!matched.matches) return `in ${id}: ${matched.why}`
      bindings = matched.bindings
    }
    this.#bindings = bindings
    return undefined
  }

  /** What there is of what is expected, in the same form. */
  async #seen(id: string, expectation: Expectation): Promise<unknown> {
    const list = <T extends KubernetesObject>(type: ResourceType<T>) =>
      this.#clusters.list(id, type, this.#namespace) as Promise<readonly T[]>
    const named = async <T extends KubernetesObject>(type: ResourceType<T>, name: string) =>
      (await list<T>(type)).find(({ metadata }) => metadata.name === name)
    const derivedName = derivedServiceName(this.#namespace, SERVICE)
    const views: { [view in keyof Expectation]-?: () => Promise<unknown> } = {
      import: async () => (await named<ServiceImport>(SERVICE_IMPORTS, SERVICE)) ?? 'absent',
      export: async () => (await named<ServiceExport>(SERVICE_EXPORTS, SERVICE))?.status?.conditions ?? [],
      derived: async () => (await named<Service>(SERVICES, derivedName)) ?? 'absent',
      slices: async () => {
        const found = slicesBySource([...(await list<EndpointSlice>(ENDPOINT_SLICES))], SERVICE)
        const more = Object.keys(found).filter(source => !Object.hasOwn(expectation.slices ?? {}, source))
        if (more.length > 0) return `slices of ${more.join(', ')} too`
        return Object.fromEntries(
          Object.keys(expectation.slices ?? {}).map(source => [source, found[source] ?? []]),
        )
      },
      reaches: async () => {
        const found = reached(
          await named<Service>(SERVICES, derivedName),
          await list<EndpointSlice>(ENDPOINT_SLICES),
        )
        const more = Object.keys(found).filter(port => !Object.hasOwn(expectation.reaches ?? {}, port))
        return more.length > 0 ? `port ${more.join(', ')} too` : found
      },
      dns: async () =>
        Object.fromEntries(
          await Promise.all(
            Object.keys(expectation.dns ?? {}).map(async question => [
              question,
              await this.#clusters.answer(id, question, this.#namespace),
            ]),
          ),
        ),
      links: async () =>
        Object.fromEntries(
          this.#clusters.links(id).map(link => {
            const wanted = expectation.links?.[link.clusterId]
            return [link.clusterId, typeof wanted === 'string' ? link.state : link]
          }),
        ),
      objects: () => Promise.all((expectation.objects ?? []).map(object => this.#like(id, object))),
    }
    const seen: Record<string, unknown> = {}
    for (const view of Object.keys(expectation) as (keyof Expectation)[]) seen[view] = await views[view]()
    return seen
  }

  /** The object of that kind and name, or without a name the first that is like it; a mark where there is none. */
  async #like(id: string, expected: Partial): Promise<unknown> {
    const type = typeOf(expected)
    const { name, namespace = this.#namespace } = (expected.metadata ?? {}) as {
      name?: string
      namespace?: string
    }
    const all = await this.#clusters.list(id, type, type.namespaced ? namespace : undefined)
    const { absent, ...partial } = expected
    const found =
      name === undefined
        ? (all.find(object => match(partial, { ...object, kind: type.kind }, this.#bindings).matches) ??
          all[0])
        : all.find(({ metadata }) => metadata.name === name)
    if (absent === true) return found === undefined ? expected : { ...found, kind: type.kind, absent: false }
    return found === undefined ? { kind: `no ${type.kind}` } : { ...found, kind: type.kind }
  }

  async #quiet(ids: readonly string[], steps: readonly Step[]): Promise<void> {
    await this.#settled()
    const before = await Promise.all(ids.map(id => this.#versions(id)))
    for (const step of steps) await this.step(step)
    await this.#settled()
    for (const [i, id] of ids.entries()) {
      const written = changes(before[i] ?? {}, await this.#versions(id))
      if (written.length > 0) throw new Error(`written in ${id}: ${written.join('; ')}`)
    }
  }

  /** Until nothing has been written for three looks in a row. */
  async #settled(): Promise<void> {
    const deadline = performance.now() + EXPECT_TIMEOUT_MS
    let last = ''
    for (let same = 0; same < 3; ) {
      const now = JSON.stringify(await Promise.all(this.#members.map(id => this.#versions(id))))
      same = now === last ? same + 1 : 0
      last = now
      if (performance.now() > deadline) throw new Error('writes never end')
      await delay(this.#clusters.pollMs)
    }
  }

  /** `kind name` to uid and resourceVersion, of all that an agent writes for this namespace. */
  async #versions(id: string): Promise<Record<string, string>> {
    const inNamespace = await Promise.all(
      WRITTEN_KINDS.map(async type =>
        (await this.#clusters.list(id, type, this.#namespace)).map(object => ({ type, object })),
      ),
    )
    const published = await Promise.all(
      [EXPORTED_SERVICES, EXPORTED_ENDPOINTS].map(async type =>
        (await this.#clusters.list(id, type, EXCHANGE_NAMESPACE))
          .filter(({ metadata }) => metadata.name?.split('.')[1] === this.#namespace)
          .map(object => ({ type, object })),
      ),
    )
    return Object.fromEntries(
      [...inNamespace, ...published]
        .flat()
        .map(({ type, object: { metadata } }) => [
          `${type.kind} ${metadata.name}`,
          `uid ${metadata.uid} at ${metadata.resourceVersion}`,
        ]),
    )
  }
}

function changes(before: Record<string, string>, after: Record<string, string>): string[] {
  return Object.keys({ ...before, ...after })
    .filter(object => before[object] !== after[object])
    .map(object => `${object}: ${before[object] ?? 'not there'}, then ${after[object] ?? 'gone'}`)
}
