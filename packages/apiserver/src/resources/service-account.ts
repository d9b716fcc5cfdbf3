import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import { builtIn } from './built-in.ts'

/** Its `token` subresource is src/auth's. */
export const serviceAccounts = builtIn({
  group: '',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  unconditionalUpdate: false,
  deleteAnswersObject: true,
  columns: [
    NAME_COLUMN,
    column('Secrets', 'How many secrets pods of this account may use.', object =>
      Array.isArray(object.secrets) ? object.secrets.length : 0,
    ),
    AGE_COLUMN,
  ],
})
