import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RCODE, TYPE } from './protocol.ts'
import { IGNORE, Query, readQuery } from './query.ts'

/** Bytes by hexadecimal digits, names by quotes: `01 'www'` is `01 77 77 77`. */
function bytes(text: string): Buffer {
  const parts = text.match(/'[^']*'|[0-9a-f]{2}/gi) ?? []
  return Buffer.concat(
    parts.map(part => (part.startsWith("'") ? Buffer.from(part.slice(1, -1)) : Buffer.from(part, 'hex'))),
  )
}

const HEADER = '1234 0100 0001 0000 0000 0000'
const WITH_RECORD = '1234 0100 0001 0000 0000 0001'
const QUESTION = "01 'a' 05 'local' 00 0001 0001"
const OPT = '00 0029 1000 00000000 0000'
const LABEL = `3f ${`'${'x'.repeat(63)}'`}`

interface Scenario {
  what: string
  message: string
  rcode: number
}

const SCENARIOS: Scenario[] = [
  { what: 'a query', message: `${HEADER} ${QUESTION}`, rcode: RCODE.NOERROR },
  { what: 'with EDNS', message: `${WITH_RECORD} ${QUESTION} ${OPT}`, rcode: RCODE.NOERROR },
  { what: 'bytes after the end', message: `${HEADER} ${QUESTION} 00 00`, rcode: RCODE.NOERROR },
  { what: 'nothing', message: '', rcode: IGNORE },
  { what: 'half a header', message: '1234 0100 00', rcode: IGNORE },
  { what: 'a response', message: `1234 8100 0001 0000 0000 0000 ${QUESTION}`, rcode: IGNORE },
  { what: 'a response cut off', message: '1234 8100 0001 0000 0000 0000', rcode: IGNORE },
  { what: 'opcode STATUS', message: `1234 1000 0001 0000 0000 0000 ${QUESTION}`, rcode: RCODE.NOTIMP },
  { what: 'opcode UPDATE', message: `1234 2800 0001 0000 0000 0000 ${QUESTION}`, rcode: RCODE.NOTIMP },
  { what: 'no question', message: '1234 0100 0000 0000 0000 0000', rcode: RCODE.FORMERR },
  {
    what: 'two questions',
    message: `1234 0100 0002 0000 0000 0000 ${QUESTION} ${QUESTION}`,
    rcode: RCODE.FORMERR,
  },
  { what: 'a name cut off', message: `${HEADER} 05 'loc'`, rcode: RCODE.FORMERR },
  { what: 'a name without an end', message: `${HEADER} 05 'local'`, rcode: RCODE.FORMERR },
  { what: 'a question without a class', message: `${HEADER} 01 'a' 00 0001`, rcode: RCODE.FORMERR },
  { what: 'a pointer in the question', message: `${HEADER} 01 'a' c00c 0001 0001`, rcode: RCODE.FORMERR },
  { what: 'a label of another kind', message: `${HEADER} 41 'a' 00 0001 0001`, rcode: RCODE.FORMERR },
  {
    what: 'the longest name',
    message: `${HEADER} ${LABEL} ${LABEL} ${LABEL} 3d ${`'${'x'.repeat(61)}'`} 00 0001 0001`,
    rcode: RCODE.NOERROR,
  },
  {
    what: 'a name of 256 bytes',
    message: `${HEADER} ${LABEL} ${LABEL} ${LABEL} 3e ${`'${'x'.repeat(62)}'`} 00 0001 0001`,
    rcode: RCODE.FORMERR,
  },
  {
    what: 'the most labels',
    message: `${HEADER} ${"01 'x'".repeat(127)} 00 0001 0001`,
    rcode: RCODE.NOERROR,
  },
  { what: 'a record that is not there', message: `${WITH_RECORD} ${QUESTION}`, rcode: RCODE.FORMERR },
  { what: 'a record cut off', message: `${WITH_RECORD} ${QUESTION} 00 0029 1000`, rcode: RCODE.FORMERR },
  {
    what: 'a record longer than the message',
    message: `${WITH_RECORD} ${QUESTION} 00 0029 1000 00000000 0004 0000`,
    rcode: RCODE.FORMERR,
  },
  {
    what: 'another record, its name a pointer',
    message: `${WITH_RECORD} ${QUESTION} c00c 0001 0001 00000000 0004 01020304`,
    rcode: RCODE.NOERROR,
  },
  { what: 'OPT below the root', message: `${WITH_RECORD} ${QUESTION} 01 'a' ${OPT}`, rcode: RCODE.FORMERR },
  {
    what: 'OPT twice',
    message: `1234 0100 0001 0000 0000 0002 ${QUESTION} ${OPT} ${OPT}`,
    rcode: RCODE.FORMERR,
  },
  {
    what: 'OPT as an answer',
    message: `1234 0100 0001 0001 0000 0000 ${QUESTION} ${OPT}`,
    rcode: RCODE.FORMERR,
  },
  {
    what: 'options that are not known',
    message: `${WITH_RECORD} ${QUESTION} 00 0029 1000 00000000 000c fde9 0004 01020304 fdea 0000`,
    rcode: RCODE.NOERROR,
  },
  {
    what: 'an option longer than its record',
    message: `${WITH_RECORD} ${QUESTION} 00 0029 1000 00000000 0004 fde9 0001`,
    rcode: RCODE.FORMERR,
  },
  {
    what: 'EDNS of another version',
    message: `${WITH_RECORD} ${QUESTION} 00 0029 1000 00010000 0000`,
    rcode: RCODE.BADVERS,
  },
]

describe('reading a query', () => {
  for (const { what, message, rcode } of SCENARIOS) {
    it(what, () => assert.equal(readQuery(bytes(message), new Query()), rcode))
  }

  it('takes what there is to take', () => {
    const query = new Query()
    const opt = '00 0029 1000 00008000 0000'
    assert.equal(
      readQuery(bytes(`${WITH_RECORD} 01 'a' 05 'local' 00 0021 0003 ${opt}`), query),
      RCODE.NOERROR,
    )
    const { id, flags, nameEnd, type, labelCount, hasEdns, udpSize, dnssecOk } = query
    assert.deepEqual(
      { id, flags, nameEnd, type, class: query.class, labelCount, hasEdns, udpSize, dnssecOk },
      {
        id: 0x1234,
        flags: 0x0100,
        nameEnd: 21,
        type: TYPE.SRV,
        class: 3,
        labelCount: 2,
        hasEdns: true,
        udpSize: 4096,
        dnssecOk: true,
      },
    )
  })

  it('remembers nothing of the query before', () => {
    const query = new Query()
    readQuery(bytes(`${WITH_RECORD} ${QUESTION} 00 0029 1000 00008000 0000`), query)
    readQuery(bytes(`${HEADER} 00 0001 0001`), query)
    assert.deepEqual([query.hasEdns, query.udpSize, query.dnssecOk, query.labelCount], [false, 512, false, 0])
  })

  it('never takes less than 512 bytes for the size of answers', () => {
    const query = new Query()
    readQuery(bytes(`${WITH_RECORD} ${QUESTION} 00 0029 0064 00000000 0000`), query)
    assert.equal(query.udpSize, 512)
  })
})
