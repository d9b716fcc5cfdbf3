/** What goes wrong in a storm. Each begins, lasts for a while, and is put right. */
import { CUSTOM_RESOURCE_DEFINITIONS, EXCHANGE_NAMESPACE, LABEL_READER, NAMESPACES } from '@isthmus/api'
import { effects, StatusError } from '@isthmus/apiserver'
import { type ChaosMember, type ChaosSet, REGISTRY } from './member.ts'
import type { Random } from './random.ts'

export interface Storm extends ChaosSet {
  readonly random: Random
  /** The store of that member went back in time: what it had imported may have gone with it. */
  readonly restored: (member: ChaosMember) => void
}

/** Returns how to put it right, with what was done. */
type FaultOf = (storm: Storm, member: ChaosMember) => Promise<Mishap> | Mishap

export interface Mishap {
  readonly what: string
  readonly mend: () => void | Promise<void>
}

const MINUTES = 60_000
const HOURS = 60 * MINUTES
const SERVICE_ACCOUNTS = { group: '', plural: 'serviceaccounts' }

export const FAULTS: Readonly<Record<string, FaultOf>> = {
  'kill -9 of an agent': ({ random }, member) => {
    const requests = random.integer(1, 12)
    const isCarriedOut = random.chance(0.5)
    const shorten = member.killAgent(requests, isCarriedOut, () => member.startAgent())
    const when = isCarriedOut ? 'after it was carried out' : 'before it is sent'
    return { what: `at request ${requests}, ${when}`, mend: shorten }
  },
  'restart of an agent': async (_, member) => {
    await member.stopAgents()
    return { what: '', mend: () => member.startAgent() }
  },
  'a second agent that believes it leads': (_, member) => {
    member.startAgent(true)
    return {
      what: '',
      mend: async () => {
        await member.stopAgents()
        member.startAgent()
      },
    }
  },
  'API server killed': async (_, member) => {
    await member.stopListening()
    return { what: '', mend: () => member.listen() }
  },
  'API server stalls': (_, member) => {
    const fault = member.server.faults.add({ effect: effects.stall() })
    return {
      what: '',
      mend: async () => {
        fault.remove()
        // Whoever was let wait is cut off, as when a server that hung is restarted.
        await member.stopListening()
        await member.listen()
      },
    }
  },
  'API server is slow': ({ random }, member) => {
    const ms = random.integer(50, 400)
    const fault = member.server.faults.add({ effect: effects.delay(ms) })
    return { what: `${ms} ms`, mend: () => fault.remove() }
  },
  'API server refuses some requests': ({ random }, member) => {
    const code = random.pick([401, 429, 500, 503, 504])
    const share = random.next()
    const fault = member.server.faults.add({
      match: () => random.chance(share),
      effect: effects.refuse(code, code === 429 ? { retryAfterSeconds: 1 } : {}),
    })
    return { what: `${Math.round(share * 100)} % with ${code}`, mend: () => fault.remove() }
  },
  'watches are cut in the middle of an event': ({ random }, member) => {
    const events = random.integer(0, 5)
    const fault = member.server.faults.add({ match: { verb: 'watch' }, effect: effects.cut(events) })
    return { what: `after ${events}`, mend: () => fault.remove() }
  },
  'watches tell events twice': (_, member) => {
    const fault = member.server.faults.add({ match: { verb: 'watch' }, effect: effects.repeat() })
    return { what: '', mend: () => fault.remove() }
  },
  'watches tell older events again': (_, member) => {
    const fault = member.server.faults.add({ match: { verb: 'watch' }, effect: effects.replay() })
    return { what: '', mend: () => fault.remove() }
  },
  'watches begin before the version that was asked for': ({ random }, member) => {
    const versions = random.integer(1, 50)
    const fault = member.server.faults.add({ match: { verb: 'watch' }, effect: effects.rewind(versions) })
    return { what: `${versions} before`, mend: () => fault.remove() }
  },
  'answers break off': ({ random }, member) => {
    const bytes = random.integer(0, 4000)
    const fault = member.server.faults.add({
      match: ({ verb }) => verb !== 'watch' && random.chance(0.5),
      effect: effects.truncate(bytes),
    })
    return { what: `after ${bytes} bytes`, mend: () => fault.remove() }
  },
  'connections break': ({ random }, member) => {
    const fault = member.server.faults.add({
      match: () => random.chance(0.3),
      effect: effects.disconnect(),
    })
    return { what: '', mend: () => fault.remove() }
  },
  'history is compacted': (_, member) => {
    member.server.faults.expireHistory()
    return { what: '', mend: nothing }
  },
  'clock jumps': ({ random }, member) => {
    const ms = random.integer(-10, 10) * MINUTES
    member.skew(ms)
    return { what: `${ms / MINUTES} min`, mend: () => member.skew(0) }
  },
  'store goes back in time': ({ restored }, member) => {
    const state = member.server.faults.snapshot()
    return {
      what: '',
      mend: () => {
        restored(member)
        member.server.faults.restore(state)
      },
    }
  },
  'exchange namespace deleted': (_, member) => {
    attempt(() => member.server.local.delete(NAMESPACES, undefined, EXCHANGE_NAMESPACE))
    return { what: '', mend: () => reinstall(member) }
  },
  'definition deleted': ({ random }, member) => {
    // Not ServiceExport's: to delete that is to withdraw.
    const name = random.pick([
      'exportindexes.isthmus.dev',
      'exportedservices.isthmus.dev',
      'exportedendpoints.isthmus.dev',
      'serviceimports.multicluster.x-k8s.io',
    ])
    attempt(() => member.server.local.delete(CUSTOM_RESOURCE_DEFINITIONS, undefined, name))
    return { what: name, mend: () => reinstall(member) }
  },
  'link cut': ({ members, random }, member) => {
    const to = random.pick([...members.map(({ id }) => id), REGISTRY])
    member.cutOff(to)
    return {
      what: to === member.id ? 'to its own API server' : `to ${to}`,
      mend: () => member.reconnect(to),
    }
  },
  'cut off from everybody, both ways': ({ members }, member) => {
    const others = members.filter(other => other !== member)
    for (const other of others) {
      member.cutOff(other.id)
      other.cutOff(member.id)
    }
    return {
      what: '',
      mend: () => {
        for (const other of others) {
          member.reconnect(other.id)
          other.reconnect(member.id)
        }
      },
    }
  },
  'credentials age': ({ ageing, random }) => {
    const hours = random.integer(3, 9)
    ageing.jump(hours * HOURS)
    return { what: `by ${hours} hours, everywhere`, mend: nothing }
  },
  'a credential is revoked': ({ random }, member) => {
    const readers = member.server.local
      .list(SERVICE_ACCOUNTS, EXCHANGE_NAMESPACE)
      .filter(({ metadata }) => metadata.labels?.[LABEL_READER] !== undefined)
    if (readers.length === 0) return { what: 'but there is none', mend: nothing }
    const { name = '', labels } = random.pick(readers).metadata
    attempt(() => member.server.local.delete(SERVICE_ACCOUNTS, EXCHANGE_NAMESPACE, name))
    return { what: `that of ${labels?.[LABEL_READER]}`, mend: nothing }
  },
  'credentials are not renewed': ({ ageing }, member) => {
    const fault = member.server.faults.add({ match: { subresource: 'token' }, effect: effects.refuse(500) })
    ageing.jump(6 * HOURS)
    return { what: 'while they age by 6 hours', mend: () => fault.remove() }
  },
  'the registry is gone': ({ hub }) => {
    const fault = hub.cluster.server.faults.add({ effect: effects.disconnect() })
    return { what: '', mend: () => fault.remove() }
  },
  'the registry goes back in time': ({ hub }) => {
    const { faults } = hub.cluster.server
    const state = faults.snapshot()
    return { what: '', mend: () => faults.restore(state) }
  },
}

function nothing(): void {}

/** What is gone already cannot be deleted. */
function attempt(act: () => unknown): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
  }
}

/** Until all is there: the server may be down, or refuse, because of another fault. */
async function reinstall(member: ChaosMember): Promise<void> {
  await member.install().catch(() => {})
}
