import { SERVICE_IMPORTS, type ServiceImport } from '@isthmus/api'
import { type ApiError, parseKey } from '@isthmus/kube'
import type { Logger } from 'pino'
import type { Recorder } from '../events/event-recorder.ts'

/**
 * ServiceImports that the API server will not have, for a quota or an admission policy. They have no status that could
 * say so: an Event about them does, in the namespace where they are missed, and the log.
 */
export class RefusedImports {
  readonly #recorder: Recorder
  readonly #log: Pick<Logger, 'warn' | 'info'>
  /** The server's words, by key. */
  readonly #told = new Map<string, string>()

  constructor(recorder: Recorder, log: Pick<Logger, 'warn' | 'info'>) {
    this.#recorder = recorder
    this.#log = log
  }

  /** `stored`: as it is there, if it is. */
  refused(key: string, stored: ServiceImport | undefined, { message }: ApiError): void {
    if (this.#told.get(key) === message) return
    const once = !this.#told.has(key)
    this.#told.set(key, message)
    this.#log.warn({ key, why: message }, 'the ServiceImport of a service is refused')
    const { namespace = '', name } = parseKey(key)
    const object = stored ?? { metadata: { namespace, name } }
    const note = `this ServiceImport cannot be written: ${message}`
    this.#recorder.record(
      { type: SERVICE_IMPORTS, object },
      { type: 'Warning', reason: 'Pending', action: 'Import', note },
      { once },
    )
  }

  stored(key: string): void {
    if (this.#told.delete(key)) this.#log.info({ key }, 'the ServiceImport of a service is written again')
  }

  forget(key: string): void {
    this.#told.delete(key)
  }
}
