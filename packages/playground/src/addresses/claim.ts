/**
 * Several playgrounds on one machine must not share addresses. Each holds a block of 127.0.0.0/8 by
 * listening on one address of it: the kernel lets one process do so, and lets go when it dies however it
 * dies, so that there is no lock file to go stale.
 */
import { createServer, type Server } from 'node:net'
import { errorOf } from '@isthmus/api'
import { ERRORS } from '../errors.ts'
import { claimAddress, FIRST_BLOCK, LAST_BLOCK } from './address-plan.ts'

/** Below the ports that the system hands out, and not registered for anything. */
const CLAIM_PORT = 27127

export interface AddressClaim {
  readonly block: number
  release(): Promise<void>
}

/**
 * Claims the first free block.
 * @throws IsthmusError ISTHMUS_LOOPBACK_LIMITED, ISTHMUS_NO_ADDRESS_BLOCK
 */
export async function claimBlock(port = CLAIM_PORT, addressOf = claimAddress): Promise<AddressClaim> {
  for (let block = FIRST_BLOCK; block <= LAST_BLOCK; block++) {
    const server = await listen(addressOf(block), port)
    if (server !== undefined) return { block, release: () => closed(server) }
  }
  throw errorOf(ERRORS.noAddressBlock, { first: addressOf(FIRST_BLOCK), last: addressOf(LAST_BLOCK), port })
}

/**
 * Whether the listeners of a block may have this port: not if another program has it on every address.
 * @throws the system's error (`EADDRINUSE`, `EACCES`)
 */
export async function tryPort(block: number, port: number): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, claimAddress(block), resolve)
  })
  await closed(server)
}

/** Resolves with nothing when the address is taken. */
function listen(address: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy())
    server.unref()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else if (error.code === 'EADDRNOTAVAIL') reject(errorOf(ERRORS.loopbackLimited, { address }, error))
      else reject(error)
    })
    server.listen(port, address, () => resolve(server))
  })
}

function closed(server: Server): Promise<void> {
  return new Promise(resolve => server.close(() => resolve()))
}
