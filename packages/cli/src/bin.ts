#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { basename } from 'node:path'

// Halves the time to the first line of output.
enableCompileCache()
endWithReader()
const { main } = await import('./main.ts')
// kubectl runs a plugin `kubectl-isthmus` as `kubectl isthmus`.
const plugin = basename(process.argv[1] ?? '').startsWith('kubectl-')
process.exitCode = await main(process.argv.slice(2), undefined, plugin ? 'kubectl isthmus' : 'isthmus')

/** When nobody reads any more (`isthmus up | head`): as on SIGTERM, once, however much is still to be written. */
function endWithReader(): void {
  let ending = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (!ending) process.kill(process.pid, 'SIGTERM')
    ending = true
  })
}
