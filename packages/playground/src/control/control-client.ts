import { connect } from 'node:net'
import { errorOf, IsthmusError } from '@isthmus/api'
import { ERRORS } from '../errors.ts'
import { homeFolder, readState } from '../home/playground-state.ts'
import type { ControlAnswer, ControlRequest } from './control-protocol.ts'

/**
 * Has the playground that runs from `home` do something; resolves with its answer.
 * @throws IsthmusError ISTHMUS_PLAYGROUND_NOT_RUNNING, or what the playground says.
 */
export async function askPlayground(request: ControlRequest, home: string = homeFolder()): Promise<unknown> {
  const { control } = await readState(home)
  const answer = await exchange(control, request).catch(error => {
    throw errorOf(ERRORS.notRunning, { home }, error)
  })
  if (answer.ok) return answer.result
  const { message, remedy, ...definition } = answer.error
  throw new IsthmusError(definition, message, remedy)
}

async function exchange(path: string, request: ControlRequest): Promise<ControlAnswer> {
  const socket = connect(path)
  socket.setEncoding('utf8')
  socket.write(`${JSON.stringify(request)}\n`)
  let text = ''
  for await (const chunk of socket) text += chunk
  return JSON.parse(text) as ControlAnswer
}
