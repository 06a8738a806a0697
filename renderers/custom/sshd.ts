/** What sshd's own files say about who comes in, as far as they decide it (sshd_config(5), OpenSSH 9.2). */

/** One file of sshd's on a host. */
export interface SshdFile {
  readonly path: string
  readonly text: string
}

/** A keyword with its words, and the file that it stands in. */
export interface SshdLine {
  readonly path: string
  readonly keyword: string
  readonly words: readonly string[]
}

const main = '/etc/ssh/sshd_config'

export function isSshdFile(path: string): boolean {
  return path === main || /^\/etc\/ssh\/sshd_config\.d\/[^/]+\.conf$/.test(path)
}

/**
 * The lines that hold for everybody, in the order in which sshd reads them: Debian's sshd_config includes sshd_config.d/*.conf at its top. What
 * follows a Match holds for some only, up to the end of its file.
 */
export function sshdLines(files: readonly SshdFile[]): readonly SshdLine[] {
  const own = files.find(({ path }) => path === main)
  const dropIns = files.filter(({ path }) => path !== main).toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const includes = own === undefined || linesOf(own).some(({ keyword }) => keyword === 'include')
  return [...(includes ? dropIns : []), ...(own === undefined ? [] : [own])].flatMap(linesOf)
}

/** The first line with a keyword: the one that counts. Keywords are lower-case. */
export function firstOf(lines: readonly SshdLine[], keyword: string): SshdLine | null {
  return lines.find((line) => line.keyword === keyword) ?? null
}

/** All lines with a keyword: those of Port, ListenAddress, AllowUsers and DenyUsers add up. */
export function allOf(lines: readonly SshdLine[], keyword: string): readonly SshdLine[] {
  return lines.filter((line) => line.keyword === keyword)
}

/** Address and port of a ListenAddress; the port is null where Port decides. */
export function listenAddress(word: string): { readonly address: string; readonly port: number | null } {
  const [, bracketed, after] = /^\[([^\]]+)\](?::(\d+))?$/.exec(word) ?? []
  if (bracketed !== undefined) return { address: bracketed, port: after === undefined ? null : Number(after) }
  const [, plain, port] = /^([^:]+):(\d+)$/.exec(word) ?? []
  return plain === undefined ? { address: word, port: null } : { address: plain, port: Number(port) }
}

/** Whether a pattern of AllowUsers or DenyUsers may mean the user, from wherever it comes. */
export function meansUser(pattern: string, user: string): boolean {
  const [name = ''] = pattern.split('@')
  const source = name
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`).test(user)
}

function linesOf({ path, text }: SshdFile): readonly SshdLine[] {
  const lines = text.split('\n').flatMap((line) => {
    const [keyword, ...words] = line
      .trim()
      .replace(/^(\w+)\s*=\s*/, '$1 ')
      .split(/\s+/)
    if (keyword === undefined || keyword === '' || keyword.startsWith('#')) return []
    return [{ path, keyword: keyword.toLowerCase(), words: words.map((word) => word.replaceAll('"', '')) }]
  })
  const match = lines.findIndex(({ keyword }) => keyword === 'match')
  return match === -1 ? lines : lines.slice(0, match)
}
