import { setTimeout as delay } from 'node:timers/promises'
import { EXIT, errorOf } from '@isthmus/api'
import { type Explanation, explain, isDNSLabel } from '@isthmus/core'
import { homeFolder, readState } from '@isthmus/playground'
import type { ExplainFlags } from '../commands/explain.ts'
import type { CommandContext } from '../context.ts'
import { Contexts, type ReachedContexts } from '../contexts/contexts.ts'
import { ERRORS } from '../errors.ts'
import { wantsColours } from '../terminal/paint.ts'
import { explanationText } from './explanation-text.ts'
import { gather } from './gather.ts'
import { type DnsServerFlag, Outside } from './outside.ts'

/** `isthmus explain`; resolves with the exit code. */
export async function runExplain(
  service: string,
  flags: ExplainFlags,
  context: CommandContext,
): Promise<number> {
  const { stdout, env, cwd } = context
  requireName('service', service)
  requireName('--namespace', flags.namespace)
  const dns = (flags.dns ?? []).map(parseDns)
  const playground = await readState(homeFolder(env, cwd)).catch(() => undefined)
  const contexts = new Contexts(flags, context)
  try {
    const reached = await contexts.reach()
    const from = flags.from === undefined ? undefined : clusterNamed(flags.from, reached)
    const look = async () =>
      explain(await gather(reached, flags.namespace, service, new Outside(dns, playground)), from)
    let explanation: Explanation = await look()
    // A change may be on its way through the clusters.
    if (!explanation.works && flags.settle > 0) {
      await delay(flags.settle * 1000)
      explanation = await look()
    }
    stdout.write(
      flags.output === 'json'
        ? `${JSON.stringify(explanation, null, 2)}\n`
        : explanationText(explanation, wantsColours(stdout, env)),
    )
    return explanation.works ? 0 : EXIT.failure
  } finally {
    await contexts.close()
  }
}

/** No object could have another name; and it becomes part of commands to paste. */
function requireName(what: string, value: string): void {
  if (isDNSLabel(value)) return
  throw errorOf(ERRORS.badValue, {
    what,
    value,
    wanted: 'a name of lower-case letters, digits and hyphens',
    command: 'explain',
  })
}

/** By its id, or by its context. */
function clusterNamed(name: string, { members, unreachable }: ReachedContexts): string {
  const found =
    members.find(({ clusterId }) => clusterId === name) ?? members.find(({ context }) => context === name)
  if (found !== undefined) return found.clusterId
  const missing = unreachable.find(({ context }) => context === name)
  const known = members.map(({ clusterId }) => clusterId).join(', ') || 'none'
  const why = missing === undefined ? `known are: ${known}` : `its context cannot be asked: ${missing.why}`
  throw errorOf(ERRORS.unknownMember, { cluster: name, why })
}

/** `[cluster=]host:port`. */
function parseDns(text: string): DnsServerFlag {
  const equals = text.indexOf('=')
  const server = text.slice(equals + 1)
  if (!/^(\[[0-9a-fA-F:.]+\]|[0-9.]+)(:\d+)?$/.test(server)) {
    const wanted = 'an IP address with a port, as in west=127.0.0.1:5353'
    throw errorOf(ERRORS.badValue, { what: '--dns', value: text, wanted, command: 'explain' })
  }
  return { server, ...(equals > 0 ? { cluster: text.slice(0, equals) } : {}) }
}
