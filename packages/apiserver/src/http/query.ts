/** Query parameters, read as Go reads them. */
import { badRequest } from '../status/failures.ts'

/** A whole number. Throws a 400 StatusError. */
export function integerParameter(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (!/^[+-]?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

/** Present and neither `false` nor `0`; undefined if it is not there. */
export function booleanParameter(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  return text.toLowerCase() !== 'false' && text !== '0'
}

export const textParameter = (query: URLSearchParams, name: string): string | undefined =>
  query.get(name) || undefined
