import type { Reading } from './facts.ts'

/** The way out of something broken: a sentence, and a command to paste where there is one. */
export interface WayOut {
  readonly sentence: string
  readonly command?: string
}

/** What a step came to. A warning works, but not as somebody may think. */
export type Verdict =
  | { readonly state: 'ok'; readonly what: string }
  | { readonly state: 'warning'; readonly what: string; readonly wayOut?: WayOut }
  | { readonly state: 'broken'; readonly what: string; readonly wayOut: WayOut }
  | { readonly state: 'unknown'; readonly why: string }

export const ok = (what: string): Verdict => ({ state: 'ok', what })
export const unknown = (why: string): Verdict => ({ state: 'unknown', why })
export const broken = (what: string, sentence: string, command?: string): Verdict => ({
  state: 'broken',
  what,
  wayOut: wayOut(sentence, command),
})
export const warning = (what: string, sentence: string, command?: string): Verdict => ({
  state: 'warning',
  what,
  wayOut: wayOut(sentence, command),
})

/** Judges what was read; what was not is unknown. */
export function known<T>(reading: Reading<T>, judge: (value: T) => Verdict): Verdict {
  return 'unread' in reading ? unknown(reading.unread) : judge(reading.value)
}

function wayOut(sentence: string, command: string | undefined): WayOut {
  return command === undefined ? { sentence } : { sentence, command }
}

/** A small rule about some facts. Undefined: it is not about these. */
export interface Step<F> {
  /** Stable: part of `-o json`. */
  readonly name: StepName
  readonly judge: (facts: F) => Verdict | undefined
}

/** In the order of the way of a service. */
export type StepName =
  | 'context'
  | 'member'
  | 'service'
  | 'endpoints'
  | 'service-export'
  | 'conflicts'
  | 'agent'
  | 'record'
  | 'index'
  | 'link'
  | 'refusals'
  | 'namespace'
  | 'names'
  | 'derived-service'
  | 'slices'
  | 'service-import'
  | 'dns'
  | 'connect'
