/** `system:serviceaccount:<namespace>:<name>` of the token that a request bears; empty without one. */
export function accountOf(request: {
  readonly headers: { readonly authorization?: string | undefined }
}): string {
  const payload = /^Bearer [^.]+\.([^.]+)\./.exec(request.headers.authorization ?? '')?.[1]
  if (payload === undefined) return ''
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string }).sub
}
