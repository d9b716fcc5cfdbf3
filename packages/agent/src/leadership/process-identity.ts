import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Identities of this process: of several agents in one process, each has its own. */
const living = new Set<string>()

/**
 * Identity of a candidate: `<host name>_<process id>-<where><random>`, where `where` is 12 hex digits that stand
 * for this boot of this machine and this process' namespace of process ids. `forget` it when the candidate ended.
 */
export function newIdentity(): string {
  const identity = `${hostname()}_${process.pid}-${WHERE}${randomBytes(4).toString('hex')}`
  living.add(identity)
  return identity
}

export function forgetIdentity(identity: string): void {
  living.delete(identity)
}

/**
 * Whether the process of an identity is known to have ended: it ran where this one runs, and is no more. Of
 * a process elsewhere, or where that cannot be told, nothing is known. A process id that was given to another process
 * since counts as living: one waits too long, never too short.
 */
export function isKnownDead(identity: string): boolean {
  const [, pid, where] = /_(\d+)-([0-9a-f]{12})[0-9a-f]{8}$/.exec(identity) ?? []
  if (where !== WHERE || living.has(identity)) return false
  // Its process id is this process' own, so it can only be one that was here before, or an agent that has ended.
  if (Number(pid) === process.pid) return true
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

const WHERE = where() ?? randomBytes(6).toString('hex')

/** Undefined off Linux. */
function where(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const namespace = readlinkSync('/proc/self/ns/pid')
    return createHash('sha256').update(`${boot} ${namespace}`).digest('hex').slice(0, 12)
  } catch {
    return undefined
  }
}
