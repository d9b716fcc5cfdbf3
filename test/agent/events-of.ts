import { EVENTS, type Event } from '@isthmus/api'
import type { Member } from '../fixtures/clusterset.ts'

/** Events of the agent in a namespace, in the order in which they were first seen. */
export async function eventsIn({ client }: Member, namespace: string): Promise<Event[]> {
  const { items } = await client.list(EVENTS, { namespace })
  return items
    .filter(({ reportingController }) => reportingController === 'isthmus.dev/agent')
    .sort((a, b) => ((a.eventTime ?? '') < (b.eventTime ?? '') ? -1 : 1))
}

/** The one Event about an object with that reason, if it is there. */
export async function eventOf(
  member: Member,
  namespace: string,
  object: string,
  reason: string,
): Promise<Event | undefined> {
  const events = await eventsIn(member, namespace)
  return events.find(
    event => `${event.regarding?.kind}/${event.regarding?.name}` === object && event.reason === reason,
  )
}
