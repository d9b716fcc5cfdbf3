/** Content negotiation: in which form a client wants its answer. */
import { failure, type StatusError } from '../status/status.ts'
import { PROTOBUF } from './protobuf/envelope.ts'

export type Shape = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'

export type MediaType = 'application/json' | 'application/yaml' | typeof PROTOBUF

export interface Accepted {
  readonly mediaType: MediaType
  readonly shape: Shape
  /** Of the Table or PartialObjectMetadata: `v1` or `v1beta1`. */
  readonly shapeVersion: string
}

export interface MediaRange {
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
}

const SHAPES = new Set<string>(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'])
const JSON_TYPES = new Set(['application/json', 'application/*', '*/*'])
const DEFAULT: Accepted = { mediaType: 'application/json', shape: 'object', shapeVersion: 'v1' }

/** The parts of an Accept header, the most wanted first. */
export function parseAccept(header: string | undefined): MediaRange[] {
  if (header === undefined || header.trim() === '') return []
  const ranges = header.split(',').map(part => {
    const [type = '', ...rest] = part.split(';').map(piece => piece.trim())
    const parameters = Object.fromEntries(rest.map(pair => pair.split('=', 2) as [string, string]))
    return { type: type.toLowerCase(), parameters }
  })
  const quality = ({ parameters }: MediaRange) => Number(parameters.q ?? 1)
  return ranges.sort((a, b) => quality(b) - quality(a))
}

/** The first form asked for that there is; `hasProtobuf` is whether the kind can be protobuf. Throws a 406 StatusError. */
export function negotiate(header: string | undefined, hasProtobuf: boolean): Accepted {
  const ranges = parseAccept(header)
  if (ranges.length === 0) return DEFAULT
  for (const { type, parameters } of ranges) {
    const mediaType = mediaTypeOf(type, hasProtobuf)
    if (mediaType === undefined) continue
    const { as, v, g } = parameters
    if (as === undefined) return { ...DEFAULT, mediaType }
    const isKnown = g === 'meta.k8s.io' && (v === 'v1' || v === 'v1beta1') && SHAPES.has(as)
    // A Table has no protobuf message.
    if (isKnown && !(as === 'Table' && mediaType === PROTOBUF)) {
      return { mediaType, shape: as as Shape, shapeVersion: v }
    }
  }
  throw notAcceptable()
}

function mediaTypeOf(type: string, hasProtobuf: boolean): MediaType | undefined {
  if (JSON_TYPES.has(type)) return 'application/json'
  if (type === 'application/yaml') return type
  return type === PROTOBUF && hasProtobuf ? PROTOBUF : undefined
}

const AVAILABLE =
  'application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch'

const notAcceptable = (): StatusError =>
  failure(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${AVAILABLE}`, {})
