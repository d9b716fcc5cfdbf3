import { createHash } from 'node:crypto'
import { apiVersionOf, EVENTS, type Event, type KubernetesObject, type ResourceType } from '@isthmus/api'
import { microTime } from '../timestamps.ts'

/** What happened, for a person who describes the object that it happened to. */
export interface EventContent {
  readonly type: 'Normal' | 'Warning'
  /** CamelCase, for programs. */
  readonly reason: string
  /** What the agent was doing, CamelCase. */
  readonly action: string
  /** A sentence. */
  readonly note: string
}

/** The object that an event is about. Objects out of a list come without apiVersion and kind. */
export interface Regarding {
  readonly type: ResourceType
  readonly object: Pick<KubernetesObject, 'metadata'>
  /** Where the event is kept; default: the object's own namespace. */
  readonly namespace?: string
}

export const REPORTING_CONTROLLER = 'isthmus.dev/agent'

/** events.k8s.io/v1 validation: bytes of UTF-8. */
const MAX_NOTE_BYTES = 1024

/**
 * The Event of its first occurrence. Its name derives from all that makes two events the same one, so that
 * another process, or this one after a restart, finds it instead of making a second.
 */
export function newEvent(
  regarding: Regarding,
  content: EventContent,
  reportingInstance: string,
  now: number,
): Event {
  const { name = '', namespace: own = '', uid = '' } = regarding.object.metadata
  const namespace = regarding.namespace ?? own
  const { type, reason, action } = content
  const note = cut(content.note)
  const identity = JSON.stringify([regarding.type.kind, namespace, uid, type, reason, action, note])
  return {
    apiVersion: apiVersionOf(EVENTS),
    kind: EVENTS.kind,
    metadata: {
      namespace,
      name: `${beginning(name)}.${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`,
    },
    eventTime: microTime(now),
    reportingController: REPORTING_CONTROLLER,
    reportingInstance,
    action,
    reason,
    note,
    type,
    regarding: {
      apiVersion: apiVersionOf(regarding.type),
      kind: regarding.type.kind,
      namespace,
      name,
      ...(uid === '' ? {} : { uid }),
    },
  }
}

/** A name of 253 characters, as a ServiceExport may have, leaves no room for a hash behind it. */
function beginning(name: string): string {
  return name.slice(0, 253 - 17).replace(/[-.]+$/, '')
}

/** A note may hold a server's words, or a peer's. */
function cut(note: string): string {
  if (Buffer.byteLength(note) <= MAX_NOTE_BYTES) return note
  // A character that was cut in the middle decodes to U+FFFD.
  return `${Buffer.from(note)
    .subarray(0, MAX_NOTE_BYTES - 6)
    .toString()
    .replace(/\uFFFD$/, '')}…`
}
