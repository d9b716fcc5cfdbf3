import type { ExportedEndpointsSpec } from '@isthmus/api'
import type { Refusal } from '../check/check-record.ts'
import type { MemberExport } from '../merge/exports.ts'
import type { CIDRList } from './cidr-list.ts'
import { type Grant, type ImportRules, isSystemNamespace, type PolicyNamespace } from './import-rules.ts'

/** Addresses of this cluster's own, as far as they are known: no other member has an endpoint there. */
export interface OwnAddresses {
  readonly apiServer: CIDRList
  readonly services: CIDRList
  readonly pods: CIDRList
}

/** All that decides about what is imported into one namespace. */
export interface AdmissionInput {
  readonly namespace: PolicyNamespace
  /** This cluster. */
  readonly clusterId: string
  /** Where agents live and publish. */
  readonly ownNamespaces: readonly string[]
  readonly rules: ImportRules
  readonly ownAddresses: OwnAddresses
}

/** What one export may bring in here. */
export interface Admitted {
  /** Undefined where the member may bring in nothing. */
  readonly export: MemberExport | undefined
  readonly refusals: readonly Refusal[]
}

interface MemberQuestion extends AdmissionInput {
  readonly member: string
  readonly grant: Grant | undefined
}

type MemberRule = readonly [name: string, objection: (question: MemberQuestion) => string | undefined]

/** Whether a member may contribute to the namespace at all: the first objection decides. */
const MEMBER_RULES: readonly MemberRule[] = [
  [
    'ownNamespace',
    ({ namespace, ownNamespaces }) =>
      ownNamespaces.includes(namespace.name)
        ? `nothing is imported into ${namespace.name}, a namespace of Isthmus`
        : undefined,
  ],
  [
    'systemNamespace',
    ({ namespace, rules }) =>
      isSystemNamespace(namespace.name) && !rules.names(namespace.name)
        ? `nothing is imported into ${namespace.name} unless an ImportPolicy names it`
        : undefined,
  ],
  [
    'policy',
    ({ namespace, member, clusterId, rules, grant }) =>
      // Who exports in this cluster needs no leave to be reached in it.
      member === clusterId || rules.isEmpty || grant !== undefined
        ? undefined
        : `no ImportPolicy lets cluster ${member} contribute to namespace ${namespace.name}`,
  ],
]

type AddressRule = readonly [
  name: string,
  objection: (address: string, question: MemberQuestion) => string | undefined,
]

/** Whether another member may announce an address. */
const ADDRESS_RULES: readonly AddressRule[] = [
  [
    'apiServerAddress',
    (address, { ownAddresses }) =>
      ownAddresses.apiServer.covers(address) ? "is an address of this cluster's API server" : undefined,
  ],
  [
    'serviceRange',
    (address, { ownAddresses }) =>
      ownAddresses.services.covers(address) ? "is in this cluster's own range of Services" : undefined,
  ],
  [
    'podRange',
    (address, { ownAddresses }) =>
      ownAddresses.pods.covers(address) ? "is in this cluster's own range of pods" : undefined,
  ],
  [
    'policyAddresses',
    (address, { grant }) =>
      grant === undefined || grant.anyAddress || grant.addresses.covers(address)
        ? undefined
        : 'is in no range that an ImportPolicy allows it',
  ],
]

/** How many refused addresses of one export are told one by one. */
const MAX_TOLD = 3

/**
 * Decides what each member may bring into one namespace. It lives as long as policies and own addresses stay the
 * same, and what it decided about endpoints is not decided again: these never change in place.
 */
export class Admission {
  readonly #input: AdmissionInput
  readonly #questions = new Map<string, { question: MemberQuestion; refusal: Refusal | undefined }>()
  readonly #chunks = new WeakMap<ExportedEndpointsSpec, AdmittedChunk>()

  constructor(input: AdmissionInput) {
    this.#input = input
  }

  /** Why a member may contribute nothing to the namespace. */
  refusalOf(member: string): Refusal | undefined {
    return this.#about(member).refusal
  }

  /** The export without what may not come in. Who wins a merge is decided by all that was exported. */
  admit(memberExport: MemberExport): Admitted {
    const { question, refusal } = this.#about(memberExport.clusterId)
    if (refusal !== undefined) return { export: undefined, refusals: [refusal] }
    if (question.member === question.clusterId) return { export: memberExport, refusals: [] }
    const refused: Refusal[] = []
    const chunks = new Map<string, ExportedEndpointsSpec | undefined>()
    for (const [name, chunk] of memberExport.chunks) {
      const admitted = chunk === undefined ? undefined : this.#chunk(chunk, question)
      chunks.set(name, admitted?.chunk)
      if (admitted !== undefined) refused.push(...admitted.refused)
    }
    if (refused.length === 0) return { export: memberExport, refusals: [] }
    return { export: { ...memberExport, chunks }, refusals: told(refused) }
  }

  #about(member: string) {
    const known = this.#questions.get(member)
    if (known !== undefined) return known
    const question = {
      ...this.#input,
      member,
      grant: this.#input.rules.grant(member, this.#input.namespace),
    }
    const made = { question, refusal: firstRefusal(MEMBER_RULES, objection => objection(question)) }
    this.#questions.set(member, made)
    return made
  }

  #chunk(chunk: ExportedEndpointsSpec, question: MemberQuestion): AdmittedChunk {
    const known = this.#chunks.get(chunk)
    if (known !== undefined) return known
    const admitted = admitChunk(chunk, question)
    this.#chunks.set(chunk, admitted)
    return admitted
  }
}

interface AdmittedChunk {
  readonly chunk: ExportedEndpointsSpec
  /** One for each endpoint that is left out. */
  readonly refused: readonly Refusal[]
}

const NOTHING: readonly never[] = []

function admitChunk(chunk: ExportedEndpointsSpec, question: MemberQuestion): AdmittedChunk {
  const refused: Refusal[] = []
  const endpoints = chunk.endpoints.filter(({ addresses }) => {
    for (const address of addresses) {
      const refusal = firstRefusal(ADDRESS_RULES, objection => objection(address, question))
      if (refusal === undefined) continue
      refused.push({ ...refusal, message: `address ${address} ${refusal.message}` })
      return false
    }
    return true
  })
  if (refused.length === 0) return { chunk, refused: NOTHING }
  return { chunk: { ...chunk, endpoints }, refused }
}

function firstRefusal<T>(
  rules: readonly (readonly [name: string, objection: T])[],
  ask: (objection: T) => string | undefined,
): Refusal | undefined {
  for (const [rule, objection] of rules) {
    const message = ask(objection)
    if (message !== undefined) return { rule, message }
  }
  return undefined
}

/** The first few in full, and of each rule how many endpoints it has cost in all. */
function told(refused: readonly Refusal[]): readonly Refusal[] {
  if (refused.length <= MAX_TOLD) return refused
  const counts = new Map<string, number>()
  for (const { rule } of refused) counts.set(rule, (counts.get(rule) ?? 0) + 1)
  const totals = [...counts].map(([rule, count]) => ({
    rule,
    message: `${count} endpoints in all are refused`,
  }))
  return [...refused.slice(0, MAX_TOLD - 1), ...totals]
}
