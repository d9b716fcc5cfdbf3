/**
 * Runs the pods of one cluster: does for all of its nodes what a scheduler and the nodes' kubelets do. It
 * is told of pods and writes bindings, status and the end of deletions through {@link PodApi}.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { AddressPool } from '../addresses/address-pool.ts'
import { timestamp } from './container.ts'
import type { ContainerLog } from './container-log.ts'
import type { KubeletNode, KubeletPod, PodIdentity } from './pod.ts'
import { PodRuntime } from './pod-runtime.ts'
import { type PodStatus, runningStatus, unschedulableStatus } from './pod-status.ts'
import { RESTART_BACKOFF, type RestartBackoff } from './restart-backoff.ts'
import { mayBePlaced, ownerOf, type PlacedPod, place, type SchedulableNode } from './scheduler.ts'

/**
 * How long a terminating pod goes on as before: until every proxy, in other clusters too, has been told
 * to send nothing more.
 */
const DRAIN_MS = 500
/** How long requests under way and commands have to end when the whole cluster stops. */
const STOP_GRACE_MS = 1000
const RETRY_MS = 1000

/** What is written; every method throws when the API refuses it. */
export interface PodApi {
  nodes(): readonly SchedulableNode[]
  bind(pod: KubeletPod, node: string): void
  /** Returns the pod as it is now. */
  updateStatus(pod: KubeletPod, status: PodStatus): KubeletPod
  /** Ends a graceful deletion. */
  remove(pod: KubeletPod): void
}

export interface KubeletOptions {
  readonly cluster: string
  readonly nodes: readonly KubeletNode[]
  readonly api: PodApi
  readonly backoff?: RestartBackoff
  readonly drainMs?: number
  /** A write was refused, and will be tried again. */
  readonly onError?: (error: unknown) => void
}

interface KnownPod {
  pod: KubeletPod
  /** Where it is going, once decided. */
  node: string | undefined
  runtime: PodRuntime | undefined
  /** The status as it was computed last: the server may add to what it is given. */
  reported: PodStatus | undefined
  /** Bounds its drain: ends early when the pod is to end at once. */
  termination: AbortController | undefined
  terminated: boolean
  syncing: boolean
  retry: NodeJS.Timeout | undefined
}

export class Kubelet {
  readonly #cluster: string
  readonly #nodes: ReadonlyMap<string, KubeletNode & { readonly addresses: AddressPool }>
  readonly #api: PodApi
  readonly #backoff: RestartBackoff
  readonly #drainMs: number
  readonly #onError: (error: unknown) => void
  readonly #pods = new Map<string, KnownPod>()
  /** What is being stopped of pods that are gone already. */
  readonly #ending = new Set<Promise<void>>()
  #stopped = false

  constructor({ cluster, nodes, api, backoff, drainMs, onError }: KubeletOptions) {
    this.#cluster = cluster
    this.#nodes = new Map(
      nodes.map(node => [node.name, { ...node, addresses: new AddressPool(node.podCIDR) }]),
    )
    this.#api = api
    this.#backoff = backoff ?? RESTART_BACKOFF
    this.#drainMs = drainMs ?? DRAIN_MS
    this.#onError = onError ?? (() => {})
  }

  /** `key`: `namespace/name`; undefined: it is gone. */
  podChanged(key: string, pod: KubeletPod | undefined): void {
    if (this.#stopped) return
    const former = this.#pods.get(key)
    if (former !== undefined && former.pod.metadata.uid !== pod?.metadata.uid) this.#forget(key, former, 0)
    if (pod === undefined) {
      this.#placeWaiting()
      return
    }
    const known = this.#pods.get(key) ?? newlyKnown(pod)
    this.#pods.set(key, known)
    known.pod = pod
    known.node = pod.spec.nodeName ?? known.node
    this.#sync(known)
  }

  /** A node was added, cordoned, labelled: pods that wait for a node may have one now. */
  nodesChanged(): void {
    this.#placeWaiting()
  }

  /** What a container of a running pod wrote; undefined if there is none, or it had no previous run. */
  log(key: string, container: string, previous = false): ContainerLog | undefined {
    return this.#pods
      .get(key)
      ?.runtime?.containers.find(({ name }) => name === container)
      ?.log(previous)
  }

  /** Ends all pods as a power cut would, but for a short grace; their objects stay. Resolves when nothing is left. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const [key, known] of this.#pods) this.#forget(key, known, STOP_GRACE_MS)
    await Promise.all(this.#ending)
  }

  /** Once per turn and pod. */
  #sync(known: KnownPod): void {
    if (known.syncing) return
    known.syncing = true
    queueMicrotask(() => {
      known.syncing = false
      if (this.#stopped || this.#pods.get(keyOf(known.pod)) !== known) return
      clearTimeout(known.retry)
      try {
        this.#step(known)
      } catch (error) {
        // Somebody else wrote in between: the event of that is on its way, but it may change nothing for us.
        known.retry = setTimeout(() => this.#sync(known), RETRY_MS).unref()
        this.#onError(error)
      }
    })
  }

  #step(known: KnownPod): void {
    const { pod } = known
    if (pod.metadata.deletionTimestamp !== undefined) this.#terminate(known)
    else if (isFinished(pod)) this.#release(known, 0)
    else if (!pod.spec.nodeName) this.#place(known)
    else if (known.runtime === undefined) this.#start(known)
    if (known.runtime !== undefined) this.#report(known, known.runtime)
  }

  #place(known: KnownPod): void {
    const { pod } = known
    if (!mayBePlaced(pod) || known.node !== undefined) return
    const placement = place(pod, this.#api.nodes(), this.#placed())
    if ('node' in placement) {
      this.#api.bind(pod, placement.node)
      known.node = placement.node
    } else {
      this.#write(known, unschedulableStatus(pod, placement.reason, timestamp()))
    }
  }

  #placed(): PlacedPod[] {
    return [...this.#pods.values()].flatMap(({ pod, node }) =>
      node === undefined || isFinished(pod) ? [] : [{ node, owner: ownerOf(pod) }],
    )
  }

  #placeWaiting(): void {
    for (const known of this.#pods.values()) if (known.node === undefined) this.#sync(known)
  }

  #start(known: KnownPod): void {
    const { pod } = known
    const node = this.#nodes.get(pod.spec.nodeName ?? '')
    // A node that somebody made by hand has no kubelet: its pods wait, as they do in a cluster.
    if (node === undefined) return
    const podIP = node.addresses.take(pod.status?.podIP)
    if (podIP === undefined) {
      this.#write(known, unschedulableStatus(pod, `node ${node.name} has no free pod address`, timestamp()))
      return
    }
    const identity: PodIdentity = {
      cluster: this.#cluster,
      zone: node.zone,
      node: node.name,
      namespace: pod.metadata.namespace ?? '',
      pod: pod.metadata.name ?? '',
      uid: pod.metadata.uid ?? '',
      podIP,
      hostIP: node.address,
    }
    known.runtime = new PodRuntime(pod, identity, this.#backoff, () => this.#sync(known))
    known.runtime.start()
  }

  #report(known: KnownPod, { identity, containers, startedAt }: PodRuntime): void {
    const snapshots = containers.map(({ snapshot }) => snapshot)
    this.#write(known, runningStatus(known.pod, identity, snapshots, timestamp(startedAt), timestamp()))
  }

  #write(known: KnownPod, status: PodStatus): void {
    if (isDeepStrictEqual(known.reported ?? known.pod.status, status)) return
    known.pod = this.#api.updateStatus(known.pod, status)
    known.reported = status
  }

  #terminate(known: KnownPod): void {
    const { pod, runtime, termination } = known
    const graceMs = 1000 * (pod.metadata.deletionGracePeriodSeconds ?? 0)
    if (known.terminated || runtime === undefined) {
      if (runtime !== undefined) this.#report(known, runtime)
      this.#release(known, 0)
      this.#api.remove(known.pod)
      return
    }
    if (termination !== undefined) {
      // Deleted again: no longer than it says now.
      if (graceMs < this.#drainMs) termination.abort()
      return
    }
    known.termination = new AbortController()
    void this.#drain(runtime, graceMs, known.termination.signal).then(() => {
      known.terminated = true
      this.#sync(known)
    })
  }

  async #drain(runtime: PodRuntime, graceMs: number, signal: AbortSignal): Promise<void> {
    const drainMs = Math.min(this.#drainMs, graceMs)
    await delay(drainMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    signal.addEventListener('abort', () => void runtime.stop(0), { once: true })
    await runtime.stop(graceMs - drainMs)
  }

  /** Stops what runs and gives its address back. */
  #release(known: KnownPod, graceMs: number): void {
    const { runtime, termination } = known
    known.runtime = undefined
    clearTimeout(known.retry)
    termination?.abort()
    if (runtime === undefined) return
    const { node, podIP } = runtime.identity
    const ended = runtime.stop(graceMs).then(() => {
      this.#nodes.get(node)?.addresses.release(podIP)
      this.#ending.delete(ended)
    })
    this.#ending.add(ended)
  }

  #forget(key: string, known: KnownPod, graceMs: number): void {
    this.#pods.delete(key)
    this.#release(known, graceMs)
  }
}

function newlyKnown(pod: KubeletPod): KnownPod {
  return {
    pod,
    node: undefined,
    runtime: undefined,
    reported: undefined,
    termination: undefined,
    terminated: false,
    syncing: false,
    retry: undefined,
  }
}

function keyOf({ metadata }: KubeletPod): string {
  return `${metadata.namespace}/${metadata.name}`
}

function isFinished({ status }: KubeletPod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}
