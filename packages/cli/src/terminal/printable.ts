/** Text from elsewhere (a server, a peer) without what could steer the terminal. Lines stay lines. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '')
}
