import { createServer, type Server, type Socket } from 'node:net'
import { EXIT, errorOf, IsthmusError } from '@isthmus/api'
import { ERRORS } from '../errors.ts'
import { type ControlAnswer, type ControlRequest, parseRequest, REQUEST_LIMIT } from './control-protocol.ts'

/** A server (not listening yet) that answers each request with what `perform` resolves with or rejects with. */
export function controlServer(perform: (request: ControlRequest) => Promise<unknown>): Server {
  const server = createServer(socket => {
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    let received = ''
    const onData = (text: string) => {
      received += text
      const end = received.indexOf('\n')
      if (end === -1 && received.length <= REQUEST_LIMIT) return
      socket.off('data', onData)
      void answer(socket, end === -1 ? '' : received.slice(0, end))
    }
    socket.on('data', onData)
  })

  async function answer(socket: Socket, line: string): Promise<void> {
    const request = parseRequest(line)
    const outcome =
      request === undefined
        ? refusal(errorOf(ERRORS.badRequest, { request: JSON.stringify(line.slice(0, 80)) }))
        : await perform(request).then(
            (result): ControlAnswer => ({ ok: true, result: result ?? null }),
            refusal,
          )
    socket.end(`${JSON.stringify(outcome)}\n`)
  }

  return server
}

function refusal(error: unknown): ControlAnswer {
  if (error instanceof IsthmusError) {
    const { code, message, remedy, exitCode } = error
    return { ok: false, error: { code, message, remedy, exitCode } }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { ok: false, error: { code: 'ISTHMUS_INTERNAL', message, remedy: '', exitCode: EXIT.software } }
}
