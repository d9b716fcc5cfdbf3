import type { Credential } from '@isthmus/api'
import { isDNSLabel } from '../check/formats.ts'
import { checkAccess, fields } from './check-access.ts'
import { slotOf } from './reader-slots.ts'

/** Tokens of ServiceAccounts have about a kilobyte; nothing in one can end a header. */
const TOKEN = /^[A-Za-z0-9._~+/=-]{1,16384}$/

export interface ExpectedCredential {
  readonly publisher: string
  readonly reader: string
  /** The exchange; undefined: any. */
  readonly namespace?: string
}

/** What came from a registry or a peer, as a credential; undefined where it is none, or another's. */
export function checkCredential(value: unknown, expected: ExpectedCredential): Credential | undefined {
  const { publisher, reader, account, namespace, token, expiresAt, issuedAt } = fields(value)
  const access = checkAccess(value)
  if (access === undefined || publisher !== expected.publisher || reader !== expected.reader) return undefined
  if (!isDNSLabel(namespace) || (expected.namespace ?? namespace) !== namespace) return undefined
  if (slotOf(account) === undefined || !isToken(token)) return undefined
  if (!isTime(expiresAt) || !isTime(issuedAt)) return undefined
  return { publisher, reader, account: account as string, namespace, token, expiresAt, issuedAt, ...access }
}

export function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value)
}

/** RFC 3339. */
export function isTime(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 40 && !Number.isNaN(Date.parse(value))
}
