import {
  ANNOTATION_READER_PROFILE,
  type Credential,
  LABEL_READER,
  SECRETS,
  type Secret,
  secretValue,
} from '@isthmus/api'
import { checkCredential, type SeenReader, slotOf } from '@isthmus/core'
import { type ClusterClient, Reflector } from '@isthmus/kube'
import {
  ANNOTATION_DELIVERED,
  ANNOTATION_ISSUED_FOR,
  ANNOTATION_RELINKED,
  ANNOTATION_WITHDRAWN,
} from '../reader-objects.ts'

export interface OwnReader {
  readonly clusterId: string
  /** Of account and Secret. */
  readonly name: string
  readonly seen: SeenReader
  readonly credential: Credential | undefined
}

/** The accounts of others in the own exchange, followed by the Secrets that bring them their credentials. */
export class OwnReaders {
  readonly #publisher: string
  readonly #secrets

  constructor(
    client: ClusterClient,
    exchangeNamespace: string,
    publisher: string,
    onReader: (clusterId: string) => void,
  ) {
    this.#publisher = publisher
    this.#secrets = new Reflector<Secret>({
      client,
      namespace: exchangeNamespace,
      type: SECRETS,
      labelSelector: LABEL_READER,
      indexes: { reader: ({ metadata }) => [metadata.labels?.[LABEL_READER] ?? ''] },
    })
    this.#secrets.store.subscribe((_, next, previous) => {
      const id = (next ?? previous)?.metadata.labels?.[LABEL_READER]
      if (id !== undefined) onReader(id)
    })
  }

  start(): void {
    this.#secrets.start()
  }

  stop(): Promise<void> {
    return this.#secrets.stop()
  }

  whenSynced(signal: AbortSignal): Promise<void> {
    return this.#secrets.whenSynced(signal)
  }

  clusterIds(): string[] {
    return this.#secrets.store.list().flatMap(({ metadata }) => metadata.labels?.[LABEL_READER] ?? [])
  }

  /** The account of a cluster id: that of the profile, where there are several. */
  of(clusterId: string, profileUID: string | undefined): OwnReader | undefined {
    const secrets = this.#secrets.store
      .byIndex('reader', clusterId)
      .filter(({ metadata }) => slotOf(metadata.name) !== undefined)
    const secret = secrets.find(secret => profileOf(secret) === profileUID) ?? secrets[0]
    if (secret === undefined) return undefined
    const { name = '', annotations = {}, namespace = '' } = secret.metadata
    const expected = { publisher: this.#publisher, reader: clusterId, namespace }
    const credential = checkCredential(secretValue(secret), expected)
    const seen: SeenReader = {
      profileUID: profileOf(secret),
      credential,
      delivered: annotations[ANNOTATION_DELIVERED] ?? '',
      withdrawn: annotations[ANNOTATION_WITHDRAWN] ?? '',
      issuedFor: annotations[ANNOTATION_ISSUED_FOR] ?? '',
      relinked: annotations[ANNOTATION_RELINKED] ?? '',
    }
    return { clusterId, name, seen, credential }
  }
}

function profileOf({ metadata }: Secret): string {
  return metadata.annotations?.[ANNOTATION_READER_PROFILE] ?? ''
}
