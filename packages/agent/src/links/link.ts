import {
  ANNOTATION_HELD_INDEXES,
  EXPORT_INDEX_NAME,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type ExportedEndpoints,
  type ExportedService,
  type ExportIndex,
  LEASES,
  type Lease,
  PUBLISHER_LEASE_NAME,
} from '@isthmus/api'
import {
  type Contribution,
  contributionOf,
  heldSequence,
  heldSequenceIn,
  isCredibleClaim,
  isServiceKey,
  type MemberExport,
  objectionToIndex,
  type Refusal,
  serviceKey,
} from '@isthmus/core'
import {
  ApiError,
  type BackoffOptions,
  type ClusterClient,
  IntakeLimitError,
  isUnauthorized,
  Reflector,
  TokenBucket,
} from '@isthmus/kube'
import { HEARTBEAT_DURATION_SECONDS } from '../exporter/heartbeat.ts'
import type { LinkStatus } from '../options.ts'
import { time } from '../timestamps.ts'
import {
  ENDPOINT_LIMITS,
  EVENT_RATE,
  PAGE_SIZE,
  SERVICE_LIMITS,
  SINGLE_LIMITS,
  trimExchanged,
  URGENT_RATE,
} from './exchange-intake.ts'
import { whyUnreadable } from './link-reason.ts'
import { PeerTime } from './peer-time.ts'

export interface LinkOptions {
  readonly clusterId: string
  /** Of the member that reads. */
  readonly ownId: string
  readonly client: ClusterClient
  readonly exchangeNamespace: string
  /** In the words of whoever knows more about the peer than the answer of its server tells. */
  readonly explain?: ((error: Error) => string | undefined) | undefined
  /** Remembered from before this process. */
  readonly highestSequence: number
  /** What this member contributes to the service may have changed; `flood`: as so much else of it just now. */
  readonly onChange: (key: string, flood: boolean) => void
  /** What this member contributes to any service may have changed. */
  readonly onEverything: () => void
  /** A higher index than any before was accepted. */
  readonly onSequence: (sequence: number) => void
  /** It says, or says no more, that it holds the index of the member that reads. */
  readonly onHeldThere: () => void
  /** Its state may be another. */
  readonly onState: () => void
  readonly clock: () => number
  /** Of its watches; for tests. */
  readonly backoff?: BackoffOptions | undefined
}

/** A ClusterSet has tens of members: a peer that comes back is worth asking for every other second. */
const BACKOFF: BackoffOptions = { initialMs: 100, maxMs: 2_000, factor: 2 }

const INTAKE = { pageSize: PAGE_SIZE, eventRate: EVENT_RATE, trim: trimExchanged }

/** What of an index is passed over: once for each kind of thing, as it may be all of it. */
function objectionsToNames(services: readonly unknown[], wellFormed: number): readonly Refusal[] {
  const bad = services.length - wellFormed
  if (bad === 0) return []
  const message = `${bad} names in its ExportIndex are not namespace/name, such as ${firstBad(services)}`
  return [{ rule: 'index', message }]
}

function firstBad(services: readonly unknown[]): string {
  return (JSON.stringify(services.find(key => !isServiceKey(key))) ?? 'nothing').slice(0, 80)
}

/** With which a server that works turns away whom it does not know, or what it has not. */
const REFUSALS: readonly number[] = [401, 403, 404]

const NONE: ReadonlySet<string> = new Set()

/** The read-only connection to one peer's exchange, and what is known of the peer through it. */
export class Link {
  readonly clusterId: string
  /** What it says of time. */
  readonly time: PeerTime
  readonly #options: LinkOptions
  readonly #indexes
  readonly #services
  readonly #endpoints
  readonly #leases
  #highestSequence: number
  /** Services of the last index that was accepted. */
  #accepted: ReadonlySet<string> = NONE
  #isAccepted = false
  #indexRefusals: readonly Refusal[] = []
  /** When the Lease was last seen renewed, by our clock: the publisher's clock is its own. */
  #lastHeartbeat: number | undefined
  #renewTime: string | undefined
  #lastRenewal: number | undefined
  #heldThere: number | undefined
  readonly #urgent = new TokenBucket(URGENT_RATE)
  readonly #remembered = new Map<string, MemberExport>()
  readonly #contributions = new Map<string, Contribution>()

  constructor(options: LinkOptions) {
    const { clusterId, client, exchangeNamespace: namespace } = options
    this.clusterId = clusterId
    this.#options = options
    this.time = new PeerTime(options.clock)
    this.#highestSequence = options.highestSequence
    const exchange = { client, namespace, backoff: options.backoff ?? BACKOFF, ...INTAKE }
    const single = { ...exchange, limits: SINGLE_LIMITS }
    this.#indexes = new Reflector<ExportIndex>({ ...single, type: EXPORT_INDEXES })
    this.#services = new Reflector<ExportedService>({
      ...exchange,
      type: EXPORTED_SERVICES,
      limits: SERVICE_LIMITS,
    })
    this.#endpoints = new Reflector<ExportedEndpoints>({
      ...exchange,
      type: EXPORTED_ENDPOINTS,
      limits: ENDPOINT_LIMITS,
    })
    this.#leases = new Reflector<Lease>({
      ...single,
      type: LEASES,
      fieldSelector: `metadata.name=${PUBLISHER_LEASE_NAME}`,
    })
    this.#indexes.store.subscribe(() => this.#indexChanged())
    this.#services.store.subscribe((_, next, previous) =>
      this.#recordChanged((next ?? previous)?.metadata.name),
    )
    this.#endpoints.store.subscribe((_, next, previous) => {
      // What the first list finds is of any age.
      if (this.#endpoints.synced) this.time.changed(next, previous)
      this.#recordChanged((next ?? previous)?.metadata.name)
    })
    this.#leases.store.subscribe((_, lease) => {
      this.#lookForHeld(lease)
      // A Lease that is gone is no heartbeat.
      if (lease === undefined) return
      this.#lastHeartbeat = options.clock()
      // What a list finds first may be of long ago: a renewal is what was seen to happen.
      const { renewTime } = lease.spec ?? {}
      if (this.#renewTime !== undefined && renewTime !== this.#renewTime) {
        this.#lastRenewal = options.clock()
        this.time.renewed(lease)
      }
      this.#renewTime = renewTime
    })
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.subscribeState(() => this.#options.onState())
    for (const reflector of this.#reflectors) reflector.start()
  }

  /** Another agent of this cluster has seen an index with that sequence: lower ones are held. */
  recall(highestSequence: number): void {
    if (highestSequence <= this.#highestSequence) return
    this.#highestSequence = highestSequence
    this.#indexChanged()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map(reflector => reflector.stop()))
  }

  /** What this member contributes to the service now; computed once per change. */
  contribution(key: string): Contribution {
    const known = this.#contributions.get(key)
    if (known !== undefined) return known
    const contribution = contributionOf(
      key,
      {
        clusterId: this.clusterId,
        index: this.#index,
        highestSequence: this.#highestSequence,
        record: name => this.#services.store.get(`${this.#namespace}/${name}`),
        chunk: name => this.#endpoints.store.get(`${this.#namespace}/${name}`),
        remembered: service => this.#remembered.get(service),
      },
      this.#accepted,
    )
    if (contribution.kind === 'present') this.#remembered.set(key, contribution.export)
    else if (contribution.kind === 'absent') this.#remembered.delete(key)
    // Absent is what most members are for most services: cheap to say again, not worth the memory.
    if (contribution.kind !== 'absent') this.#contributions.set(key, contribution)
    return contribution
  }

  /** The highest sequence ever seen of its index, which is lower now and therefore held; undefined where it is not. */
  get heldHere(): number | undefined {
    return heldSequence(this.#view)
  }

  /** The highest sequence that it says to have seen of the index of the member that reads, which it holds. */
  get heldThere(): number | undefined {
    return this.#heldThere
  }

  /** Its index was listed, and is being followed: what is missing beside it is a fault, but no loss. */
  get isRead(): boolean {
    return this.#indexes.synced && this.#indexes.state.error === undefined
  }

  /** A part of it is not read any more as the server does not accept our token; watches of others may be from before. */
  get isTokenRefused(): boolean {
    return this.#reflectors.some(({ state }) => isUnauthorized(state.error))
  }

  /** Its API server answers, were it to refuse. */
  get isServing(): boolean {
    const { error } = this.#indexes.state
    return this.isRead || (error instanceof ApiError && REFUSALS.includes(error.code))
  }

  /** When its publisher was last seen to renew its Lease, by our clock. */
  get lastRenewal(): number | undefined {
    return this.#lastRenewal
  }

  /** Keys of all services that this member exports, as far as known. */
  services(): ReadonlySet<string> {
    return this.#accepted
  }

  status(): LinkStatus {
    const { lastContact } = this.#indexes.state
    return {
      clusterId: this.clusterId,
      server: this.#options.client.server,
      ...this.#stateAndReason(),
      sequence: this.#highestSequence,
      services: this.#accepted.size,
      ...(this.time.offset === undefined ? {} : { clockOffset: this.time.offset }),
      refusals: this.refusals().length,
      ...(lastContact === undefined ? {} : { lastContact }),
    }
  }

  /** What is not used of its exports, as far as these were looked at. */
  refusals(): readonly Refusal[] {
    const ofServices = [...this.#contributions.values()].flatMap(c => (c.kind === 'absent' ? [] : c.refusals))
    return [...this.#indexRefusals, ...this.#heldRefusals(), ...ofServices]
  }

  #heldRefusals(): readonly Refusal[] {
    const held = this.#heldThere
    if (held === undefined || isCredibleClaim(held, this.#options.clock())) return []
    const message = `it says to have seen sequence ${held} of our ExportIndex, more than a year ahead of our clock`
    return [{ rule: 'heldIndex', message }]
  }

  #lookForHeld(lease: Lease | undefined): void {
    const { ownId, onHeldThere } = this.#options
    const held = heldSequenceIn(lease?.metadata.annotations?.[ANNOTATION_HELD_INDEXES], ownId)
    if (held === this.#heldThere) return
    this.#heldThere = held
    onHeldThere()
  }

  #stateAndReason(): Pick<LinkStatus, 'state' | 'reason'> {
    const failures = this.#reflectors.flatMap(({ state }) => state.error ?? [])
    const tooMuch = failures.find(error => error instanceof IntakeLimitError)
    if (tooMuch !== undefined) return { state: 'refused', reason: tooMuch.message }
    const [failing] = failures
    if (!this.#isSynced) {
      return failing === undefined
        ? { state: 'connecting' }
        : { state: 'connecting', reason: this.#why(failing) }
    }
    const objection = objectionToIndex(this.#view)
    if (this.#index !== undefined && objection !== undefined) return { state: 'refused', reason: objection }
    if (failing !== undefined) return { state: 'degraded', reason: this.#why(failing) }
    if (objection !== undefined)
      return { state: 'degraded', reason: `it has published nothing: ${objection}` }
    const heard = this.#lastHeartbeat
    if (heard !== undefined && this.#options.clock() - heard > HEARTBEAT_DURATION_SECONDS * 1000) {
      return { state: 'degraded', reason: `its publisher has been silent since ${time(heard)}` }
    }
    const [passedOver] = this.#indexRefusals
    return { state: 'connected', ...(passedOver === undefined ? {} : { reason: passedOver.message }) }
  }

  #why(error: Error): string {
    return this.#options.explain?.(error) ?? whyUnreadable(error)
  }

  get #isSynced(): boolean {
    return this.#indexes.synced && this.#services.synced && this.#endpoints.synced
  }

  get #reflectors() {
    return [this.#indexes, this.#services, this.#endpoints, this.#leases] as const
  }

  get #namespace(): string {
    return this.#options.exchangeNamespace
  }

  get #index(): ExportIndex | undefined {
    return this.#indexes.store.get(`${this.#namespace}/${EXPORT_INDEX_NAME}`)
  }

  get #view() {
    return { clusterId: this.clusterId, index: this.#index, highestSequence: this.#highestSequence }
  }

  #indexChanged(): void {
    const index = this.#index
    const wasAccepted = this.#isAccepted
    this.#isAccepted = index !== undefined && objectionToIndex(this.#view) === undefined
    const before = this.#accepted
    if (index !== undefined && this.#isAccepted) {
      const keys = index.spec.services.filter(isServiceKey)
      this.#accepted = new Set(keys)
      this.#indexRefusals = objectionsToNames(index.spec.services, keys.length)
      if (index.spec.sequence > this.#highestSequence) {
        this.#highestSequence = index.spec.sequence
        this.#options.onSequence(index.spec.sequence)
      }
    }
    if (this.#isAccepted && wasAccepted) {
      for (const key of before.symmetricDifference(this.#accepted)) this.#tell(key)
    } else if (this.#isAccepted !== wasAccepted) {
      // The first index, or one after a time of doubt, decides about everything, also about what it omits.
      this.#contributions.clear()
      this.#options.onEverything()
    }
    this.#options.onState()
  }

  /** Records and chunks are named `<service>.<namespace>` and `<service>.<namespace>.<hash>`. */
  #recordChanged(name = ''): void {
    const [service, namespace] = name.split('.')
    if (service !== undefined && namespace !== undefined) this.#tell(serviceKey(namespace, service))
  }

  #tell(key: string): void {
    this.#contributions.delete(key)
    this.#options.onChange(key, !this.#urgent.take())
  }
}
