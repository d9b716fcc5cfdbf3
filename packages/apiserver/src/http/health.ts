import type { Exchange } from './exchange.ts'

const CHECKS = ['ping']
const ENDPOINTS = new Set(['healthz', 'livez', 'readyz'])

/** `/healthz`, `/livez`, `/readyz` and their single checks: a server that answers is well. */
export async function answerHealth(exchange: Exchange): Promise<boolean> {
  const [, endpoint = '', check, ...rest] = exchange.path.replace(/\/$/, '').split('/')
  if (!ENDPOINTS.has(endpoint) || rest.length > 0) return false
  if (check !== undefined && !CHECKS.includes(check)) return false
  const isVerbose = check === undefined && exchange.query.has('verbose')
  const lines = isVerbose ? [...CHECKS.map(name => `[+]${name} ok`), `${endpoint} check passed`, ''] : ['ok']
  await exchange.sendText(200, lines.join('\n'))
  return true
}
