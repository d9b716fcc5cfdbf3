import type { ZoneRecord } from '@isthmus/core'
import type { PreparationContext, PreparedAnswer } from './prepared-answer.ts'
import {
  CLASS_IN,
  HEADER_SIZE,
  MAXIMUM_POINTER,
  MAXIMUM_TCP_SIZE,
  OPT_SIZE,
  POINTER,
  TYPE,
} from './protocol.ts'
import { wireAddress } from './wire-address.ts'
import { labelsOf } from './wire-name.ts'

/** Writes the records of one answer, from the first byte after the question. */
export class RecordWriter {
  readonly #context: PreparationContext
  readonly #questionEnd: number
  readonly #zonePointer: number
  #bytes = Buffer.alloc(512)
  #end = 0
  readonly #ends: number[] = []
  readonly #zoneOffsets: number[] = []
  /** Where each target was first written. */
  readonly #targets = new Map<string, number>()
  #answerCount = 0
  #isCut = false

  constructor(labelsSize: number, context: PreparationContext) {
    this.#context = context
    this.#zonePointer = POINTER | (HEADER_SIZE + labelsSize)
    this.#questionEnd = HEADER_SIZE + labelsSize + context.zone.length + 4
  }

  writeAnswer(record: ZoneRecord): void {
    this.#record(() => this.#uint16(POINTER | HEADER_SIZE), record)
    this.#answerCount = this.#ends.length
  }

  /** The addresses of all targets (RFC 2782; RFC 1035, 3.3.11). */
  writeAdditional(): void {
    for (const [target, offset] of [...this.#targets]) {
      for (const record of this.#context.addressesOf(target)) {
        this.#record(() => this.#reference(target, offset), record)
      }
    }
  }

  finish(): PreparedAnswer {
    const first = this.#ends[0] ?? 0
    const isUniform = this.#ends.length > 1 && this.#ends.every((end, index) => end === first * (index + 1))
    return {
      bytes: Buffer.from(this.#bytes.subarray(0, this.#end)),
      ends: this.#ends,
      answerCount: this.#answerCount,
      rotationStride: isUniform && this.#targets.size === 0 && !this.#isCut ? first : 0,
      rotation: 0,
      zoneOffsets: this.#zoneOffsets,
      isCut: this.#isCut,
    }
  }

  /** A record that no longer fits into the largest message is left out, and all after it. */
  #record(writeOwner: () => void, record: ZoneRecord): void {
    if (this.#isCut) return
    const start = this.#end
    writeOwner()
    this.#uint16(TYPE[record.type])
    this.#uint16(CLASS_IN)
    this.#uint32(record.ttl ?? this.#context.ttl)
    const lengthAt = this.#end
    this.#uint16(0)
    this.#data(record)
    this.#bytes.writeUInt16BE(this.#end - lengthAt - 2, lengthAt)
    if (this.#questionEnd + this.#end + OPT_SIZE > MAXIMUM_TCP_SIZE) {
      this.#isCut = true
      this.#end = start
      while (this.#zoneOffsets.length > 0 && (this.#zoneOffsets.at(-1) as number) >= start)
        this.#zoneOffsets.pop()
      return
    }
    this.#ends.push(this.#end)
  }

  #data(record: ZoneRecord): void {
    switch (record.type) {
      case 'A':
      case 'AAAA':
        this.#append(wireAddress(record.address))
        break
      case 'SRV':
        this.#uint16(record.priority)
        this.#uint16(record.weight)
        this.#uint16(record.port)
        this.#noteTarget(record.target)
        this.#nameInFull(record.target)
        break
      case 'TXT': {
        const text = Buffer.from(record.text)
        this.#append([text.length])
        this.#append(text)
        break
      }
      case 'NS':
        this.#noteTarget(record.target)
        this.#append(labelsOf(record.target))
        this.#uint16(this.#zonePointer)
        break
    }
  }

  #noteTarget(target: string): void {
    if (!this.#targets.has(target)) this.#targets.set(target, this.#questionEnd + this.#end)
  }

  /** A name that was written at `offset`: a pointer there, if it reaches. */
  #reference(name: string, offset: number): void {
    if (offset <= MAXIMUM_POINTER) {
      this.#uint16(POINTER | offset)
    } else {
      this.#append(labelsOf(name))
      this.#uint16(this.#zonePointer)
    }
  }

  #nameInFull(name: string): void {
    this.#append(labelsOf(name))
    this.#zoneOffsets.push(this.#end)
    this.#append(this.#context.zone)
  }

  #uint16(value: number): void {
    this.#reserve(2)
    this.#end = this.#bytes.writeUInt16BE(value, this.#end)
  }

  #uint32(value: number): void {
    this.#reserve(4)
    this.#end = this.#bytes.writeUInt32BE(value, this.#end)
  }

  #append(bytes: ArrayLike<number>): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#end)
    this.#end += bytes.length
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#bytes.length) return
    const larger = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#end + size))
    this.#bytes.copy(larger)
    this.#bytes = larger
  }
}
