/** `ListOptions` of meta/v1: what is listed or watched, from when, and how much of it. */
import type { ResourceDefinition } from '../registry/definition.ts'
import { type FieldError, forbidden, notSupported } from '../registry/field-error.ts'
import { type ListQuery, refuseVersionWithContinue } from '../rest/list.ts'
import type { WatchQuery } from '../rest/watch.ts'
import { parseFieldSelector } from '../selectors/field-selector.ts'
import { parseLabelSelector } from '../selectors/label-selector.ts'
import { badRequest, invalidOptions } from '../status/failures.ts'
import { failure } from '../status/status.ts'
import { booleanParameter, integerParameter, textParameter } from './query.ts'

const MATCHES = ['Exact', 'NotOlderThan', '']

/** Throws a 400 or 422 StatusError. */
export function parseListQuery(query: URLSearchParams, definition: ResourceDefinition): ListQuery {
  const limit = integerParameter(query, 'limit') ?? 0
  const token = textParameter(query, 'continue')
  const version = textParameter(query, 'resourceVersion')
  const match = textParameter(query, 'resourceVersionMatch')
  const errors: FieldError[] = []
  if (match !== undefined) {
    const field = 'resourceVersionMatch'
    if (version === undefined) {
      errors.push(forbidden(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
    }
    if (token !== undefined) {
      errors.push(forbidden(field, 'resourceVersionMatch is forbidden when continue is provided'))
    }
    if (!MATCHES.includes(match)) errors.push(notSupported(field, match, MATCHES))
    if (match === 'Exact' && version === '0') {
      errors.push(forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    }
  }
  if (query.has('sendInitialEvents')) {
    errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  }
  if (errors.length > 0) throw invalidOptions('ListOptions', errors)
  if (token !== undefined) refuseVersionWithContinue(version)
  return {
    labels: parseLabelSelector(textParameter(query, 'labelSelector')),
    fields: parseFieldSelector(textParameter(query, 'fieldSelector'), definition),
    limit,
    ...(token === undefined ? {} : { continue: token }),
    resourceVersion: parseResourceVersion(version),
    // A page of a version that was asked for shows that version.
    exact:
      match === 'Exact' || (limit > 0 && match === undefined && version !== undefined && version !== '0'),
  }
}

/** Throws a 400, 422 or 500 StatusError. */
export function parseWatchQuery(query: URLSearchParams, definition: ResourceDefinition): WatchQuery {
  const timeoutSeconds = integerParameter(query, 'timeoutSeconds')
  const version = textParameter(query, 'resourceVersion')
  const match = textParameter(query, 'resourceVersionMatch')
  const sendInitialEvents = booleanParameter(query, 'sendInitialEvents')
  const field = 'resourceVersionMatch'
  const errors: FieldError[] = []
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    errors.push(forbidden(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'))
  }
  if (match !== undefined) {
    if (sendInitialEvents === undefined) {
      errors.push(
        forbidden(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
      )
    }
    if (match !== 'NotOlderThan') errors.push(notSupported(field, match, ['NotOlderThan']))
  }
  if (errors.length > 0) throw invalidOptions('ListOptions', errors)
  if (version !== undefined && !/^\d+$/.test(version)) throw failure(500, undefined, malformed(version))
  return {
    labels: parseLabelSelector(textParameter(query, 'labelSelector')),
    fields: parseFieldSelector(textParameter(query, 'fieldSelector'), definition),
    resourceVersion: version === undefined ? undefined : Number(version),
    sendInitialEvents,
    bookmarks: booleanParameter(query, 'allowWatchBookmarks') ?? false,
    timeoutSeconds,
  }
}

/** undefined or 0: any version will do. Throws a 400 StatusError. */
export function parseResourceVersion(text: string | undefined): number {
  if (text === undefined) return 0
  if (!/^\d+$/.test(text)) throw badRequest(`invalid resource version: ${malformed(text)}`)
  return Number(text)
}

const malformed = (version: string): string =>
  `resourceVersion: Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`
