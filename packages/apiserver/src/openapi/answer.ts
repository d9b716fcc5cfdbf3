import { createHash } from 'node:crypto'
import type { Exchange } from '../http/exchange.ts'
import type { PathAnswer } from '../http/server.ts'
import type { Registry } from '../registry/registry.ts'
import { failure } from '../status/status.ts'
import { OpenApiDocuments } from './documents.ts'
import { GNOSTIC } from './gnostic.ts'

/** Answers `/openapi/v3`, `/openapi/v3/...` and `/openapi/v2`. */
export function openApiAnswer(registry: Registry): PathAnswer {
  const documents = new OpenApiDocuments(registry)
  return async exchange => {
    const path = exchange.path.replace(/\/$/, '')
    if (path === '/openapi/v3') await send(exchange, 'text/plain; charset=utf-8', documents.index())
    else if (path === '/openapi/v2') await sendV2(exchange, documents)
    else if (path.startsWith('/openapi/v3/')) {
      const text = documents.groupVersion(path.slice('/openapi/v3/'.length))
      if (text === undefined) return false
      await send(exchange, 'application/json', text)
    } else return false
    return true
  }
}

const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/** kubectl asks for protobuf alone. Throws a 406 StatusError. */
function sendV2(exchange: Exchange, documents: OpenApiDocuments): Promise<void> {
  const accepted = exchange.header('accept') ?? '*/*'
  if (GNOSTIC.test(accepted)) return send(exchange, PROTOBUF, documents.v2Protobuf())
  if (!/json|\*\/\*/.test(accepted))
    throw failure(
      406,
      'NotAcceptable',
      `only the following media types are accepted: application/json, ${PROTOBUF}`,
    )
  return send(exchange, 'application/json', documents.v2())
}

async function send(exchange: Exchange, contentType: string, text: string | Buffer): Promise<void> {
  const etag = `"${createHash('sha256').update(text).digest('hex')}"`
  exchange.response.setHeader('etag', etag)
  if (exchange.header('if-none-match') !== etag) return exchange.send(200, contentType, text)
  exchange.writeHead(304, contentType)
  exchange.response.end()
}
