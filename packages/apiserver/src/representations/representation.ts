/** An answer's form, as the client negotiated it: how one object, a list and a watch event are written. */
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import { apiVersionOf } from '../rest/environment.ts'
import { failure } from '../status/status.ts'
import { encoded, encodedItem } from './encode.ts'
import type { Accepted } from './negotiate.ts'
import { encodedPartial } from './partial.ts'
import { columnDefinitions, encodedRow, type IncludeObject, TABLE_TAIL, tableHead } from './table.ts'

/** A text in pieces: what is between head and tail is made item by item, so that it can be sent in turns. */
export interface ListText {
  readonly head: string
  readonly item: (object: StoredObject) => string
  readonly tail: string
}

export interface Representation {
  object(object: StoredObject): string
  list(metadata: ListMeta): ListText
  /** What `object` writes, as a value: protobuf is made of it. */
  plain(object: StoredObject): PlainObject
  readonly listKind: { readonly kind: string; readonly apiVersion: string }
  /** The object of a watch event; `first` is whether none was sent before. */
  event(object: StoredObject, first: boolean): string
  /** Whether an event's text is the same for every watch of this form, so that it can be shared. */
  readonly isShared: boolean
}

/** An object of any kind, stored or not. */
export interface PlainObject {
  readonly kind: string
  readonly apiVersion: string
  readonly [field: string]: unknown
}

export interface ListMeta {
  readonly resourceVersion: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

/** Throws a 406 StatusError if a form of one object is asked for a list. */
export function representationOf(
  definition: ResourceDefinition,
  accepted: Accepted,
  options: { readonly isList: boolean; readonly include: IncludeObject; readonly now: Date },
): Representation {
  const { shape, shapeVersion } = accepted
  switch (shape) {
    case 'Table':
      return table(definition, shapeVersion, options.include, options.now)
    case 'PartialObjectMetadata':
      if (options.isList) throw unsuitable(definition, shape, 'a list')
      return partial(shapeVersion)
    case 'PartialObjectMetadataList':
      if (!options.isList) throw unsuitable(definition, shape, 'not a list')
      return partial(shapeVersion)
    default:
      return whole(definition)
  }
}

function whole(definition: ResourceDefinition): Representation {
  return {
    isShared: true,
    plain: object => object,
    listKind: { kind: definition.listKind, apiVersion: apiVersionOf(definition) },
    object: encoded,
    event: encoded,
    list: metadata => ({
      head: `{"kind":"${definition.listKind}","apiVersion":"${apiVersionOf(definition)}","metadata":${JSON.stringify(
        definition.custom ? { continue: '', ...metadata } : metadata,
      )},"items":[`,
      item: object => encodedItem(definition, object),
      tail: ']}',
    }),
  }
}

function partial(version: string): Representation {
  const apiVersion = `meta.k8s.io/${version}`
  return {
    isShared: false,
    plain: ({ metadata }) => ({ kind: 'PartialObjectMetadata', apiVersion, metadata }),
    listKind: { kind: 'PartialObjectMetadataList', apiVersion },
    object: object => encodedPartial(object, version),
    event: object => encodedPartial(object, version),
    list: metadata => ({
      head: `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(metadata)},"items":[`,
      item: object => encodedPartial(object, version),
      tail: ']}',
    }),
  }
}

function table(
  definition: ResourceDefinition,
  version: string,
  include: IncludeObject,
  now: Date,
): Representation {
  const columns = columnDefinitions(definition)
  const row = (object: StoredObject) => encodedRow(definition, object, include, now, version)
  const single = (object: StoredObject, shown: unknown) => {
    const { resourceVersion } = object.metadata
    const rows = object.metadata.name === undefined ? '' : row(object)
    return tableHead({ resourceVersion }, shown, version) + rows + TABLE_TAIL
  }
  return {
    isShared: false,
    plain: object => object,
    listKind: { kind: 'Table', apiVersion: `meta.k8s.io/${version}` },
    object: object => single(object, columns),
    event: (object, first) => single(object, first ? columns : null),
    list: metadata => ({ head: tableHead(metadata, columns, version), item: row, tail: TABLE_TAIL }),
  }
}

function unsuitable({ listKind, kind }: ResourceDefinition, shape: string, what: string) {
  const type = what === 'a list' ? listKind : kind
  return failure(
    406,
    'NotAcceptable',
    `you requested ${shape}, but the requested object is ${what} (*core.${type})`,
  )
}
