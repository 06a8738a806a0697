/** Names that become part of an address. */

/** "owner/name" */
export function isRepository(name: string): boolean {
  return /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(name)
}

/** An https address that becomes a link in Markdown, and cannot end one. */
export function isLinkable(url: string): boolean {
  return /^https:\/\/[\w.:-]+\/[\w./?=&%#~-]*$/.test(url) && url.length <= 400
}
