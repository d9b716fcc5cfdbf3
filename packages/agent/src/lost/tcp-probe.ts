import { connect } from 'node:net'
import type { ProbeTarget } from '@isthmus/core'

/** Whether a TCP connection is accepted in time. Nothing is sent over it. */
export type Probe = (target: ProbeTarget, signal: AbortSignal) => Promise<boolean>

export const PROBE_TIMEOUT_MS = 2_000

export const tcpProbe: Probe = ({ address, port }, signal) => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({
    host: address,
    port,
    signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]),
  })
  socket.once('connect', () => resolve(true))
  // A refusal, no route, or the end of the time: none of them is an endpoint that serves.
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
