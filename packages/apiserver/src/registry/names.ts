/** Which names, labels and keys Kubernetes allows, with the texts of apimachinery's validation package. */

const LABEL_1123 = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN_1123 = `${LABEL_1123}(\\.${LABEL_1123})*`
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const QUALIFIED_NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const LABEL_VALUE = `(${QUALIFIED_NAME})?`
const CONFIG_KEY = '[-._a-zA-Z0-9]+'

interface Rule {
  readonly pattern: RegExp
  readonly message: string
}

const rule = (format: string, message: string, ...examples: string[]): Rule => ({
  pattern: new RegExp(`^(?:${format})$`),
  message: `${message} (e.g. ${examples.map(e => `'${e}'`).join(',  or ')}, regex used for validation is '${format}')`,
})

const LABEL_1123_RULE = rule(
  LABEL_1123,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  'my-name',
  '123-abc',
)
const SUBDOMAIN_RULE = rule(
  SUBDOMAIN_1123,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  'example.com',
)
const LABEL_1035_RULE = rule(
  LABEL_1035,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  'my-name',
  'abc-123',
)
const QUALIFIED_NAME_RULE = rule(
  QUALIFIED_NAME,
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  'MyName',
  'my.name',
  '123-abc',
)
const LABEL_VALUE_RULE = rule(
  LABEL_VALUE,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  'MyValue',
  'my_value',
  '12345',
)
const CONFIG_KEY_RULE = rule(
  CONFIG_KEY,
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  'key.name',
  'KEY_NAME',
  'key-name',
)

const check = (value: string, { pattern, message }: Rule, limit: number, unit = 'characters'): string[] => [
  ...(value.length > limit ? [`must be no more than ${limit} ${unit}`] : []),
  ...(pattern.test(value) ? [] : [message]),
]

/** Each answers what is wrong with a value, in kube-apiserver's words; nothing if it is valid. */
export const label1123Errors = (value: string): string[] => check(value, LABEL_1123_RULE, 63)
export const label1035Errors = (value: string): string[] => check(value, LABEL_1035_RULE, 63)
export const subdomainErrors = (value: string): string[] => check(value, SUBDOMAIN_RULE, 253)
export const labelValueErrors = (value: string): string[] => check(value, LABEL_VALUE_RULE, 63, 'bytes')

export function configKeyErrors(key: string): string[] {
  if (key === '.' || key.startsWith('..')) return [`must not be '.' or start with '..'`]
  return check(key, CONFIG_KEY_RULE, 253)
}

/** Keys of labels and annotations, names of finalizers: an optional DNS prefix and a name. */
export function labelKeyErrors(key: string): string[] {
  const parts = key.split('/')
  if (parts.length > 2) {
    return [
      `a qualified name ${QUALIFIED_NAME_RULE.message.slice('name part '.length)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  const [prefix, name] = parts.length === 2 ? (parts as [string, string]) : [undefined, key]
  const errors: string[] = []
  if (prefix === '') errors.push('prefix part must be non-empty')
  else if (prefix !== undefined) errors.push(...subdomainErrors(prefix).map(e => `prefix part ${e}`))
  if (name === '') errors.push('name part must be non-empty')
  else if (name.length > 63) errors.push('name part must be no more than 63 bytes')
  if (!QUALIFIED_NAME_RULE.pattern.test(name)) errors.push(QUALIFIED_NAME_RULE.message)
  return errors
}

/** Names of RBAC objects: whatever can be one segment of a URL path. */
export function pathSegmentErrors(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`]
  return ['/', '%'].filter(c => value.includes(c)).map(c => `may not contain '${c}'`)
}
