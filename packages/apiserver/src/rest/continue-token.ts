/** The token with which a list goes on, in kube-apiserver's form: JSON in base64url without padding. */

import { parseGoJson } from '../representations/go-json.ts'
import { badRequest } from '../status/failures.ts'

export interface ContinueToken {
  /** The list's version; -1: the present one, for a list that goes on though its version is gone. */
  readonly revision: number
  /** Key to go on from, without the namespace if the list has one. */
  readonly start: string
}

const VERSION = 'meta.k8s.io/v1'

export const encodeContinue = (revision: number, start: string): string =>
  Buffer.from(JSON.stringify({ v: VERSION, rv: revision, start })).toString('base64url')

/** Throws a 400 StatusError. */
export function decodeContinue(text: string): ContinueToken {
  const refuse = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`)
  if (!/^[\w-]*$/.test(text)) throw refuse(`illegal base64 data at input byte ${text.search(/[^\w-]/)}`)
  const parsed = parseGoJson(Buffer.from(text, 'base64url').toString('latin1'))
  if (parsed.error !== undefined) throw refuse(parsed.error)
  const { v, rv, start } = (parsed.value ?? {}) as Record<string, unknown>
  if (v !== VERSION) throw refuse(`server does not recognize this encoded version ${JSON.stringify(v ?? '')}`)
  if (typeof rv !== 'number' || rv === 0) throw refuse('encoded start resourceVersion 0 is not valid')
  if (typeof start !== 'string' || start === '') throw refuse('encoded start key is empty')
  if (`/${start}/`.includes('/../')) throw refuse(`encoded start key is not valid: ${JSON.stringify(start)}`)
  return { revision: rv, start }
}
