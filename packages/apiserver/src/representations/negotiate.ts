/** Content negotiation: in which form a client wants its answer. */
import { failure, type StatusError } from '../status/status.ts'

export type Shape = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'

export interface Accepted {
  readonly mediaType: 'application/json' | 'application/yaml'
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

/** The first form asked for that there is. Throws a 406 StatusError. */
export function negotiate(header: string | undefined): Accepted {
  const ranges = parseAccept(header)
  if (ranges.length === 0) return DEFAULT
  for (const { type, parameters } of ranges) {
    const mediaType = JSON_TYPES.has(type)
      ? 'application/json'
      : type === 'application/yaml'
        ? type
        : undefined
    if (mediaType === undefined) continue
    const { as, v, g } = parameters
    if (as === undefined) return { ...DEFAULT, mediaType }
    const isKnown = g === 'meta.k8s.io' && (v === 'v1' || v === 'v1beta1') && SHAPES.has(as)
    if (isKnown) return { mediaType, shape: as as Shape, shapeVersion: v }
  }
  throw notAcceptable()
}

const AVAILABLE =
  'application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch'

const notAcceptable = (): StatusError =>
  failure(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${AVAILABLE}`, {})
