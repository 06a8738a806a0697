/** Pinned host keys, in the format of OpenSSH's known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export interface KnownHosts {
  /** What is pinned for a host: key types that may be asked for, and a judgement of a key that was shown. */
  keysFor(address: string, port: number): PinnedKeys
}

export interface PinnedKeys {
  /** "ssh-ed25519" …, sorted, each once; empty where the host is not known. */
  readonly types: readonly string[]
  judge(key: Buffer): 'known' | 'changed' | 'unknown' | 'revoked'
}

interface Line {
  readonly marker: '@revoked' | '@cert-authority' | null
  readonly patterns: readonly string[]
  readonly type: string
  readonly key: Buffer
}

/** Reads a known_hosts file; a line that cannot be read is an error, for it may be the one that mattered. */
export function parseKnownHosts(text: string): KnownHosts {
  const lines = text.split(/\r?\n/).flatMap((line, index) => parseLine(line, index + 1))
  return { keysFor: (address, port) => pinned(lines, address, port) }
}

/** "SHA256:…" as ssh-keygen -l prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

function pinned(lines: readonly Line[], address: string, port: number): PinnedKeys {
  const names = port === 22 ? [address] : [`[${address}]:${port}`]
  const mine = lines.filter((line) => matches(line.patterns, names))
  // Certificates are not spoken by the SSH library, so an authority pins nothing.
  const good = mine.filter((line) => line.marker === null)
  const revoked = lines.filter((line) => line.marker === '@revoked')
  return {
    types: [...new Set(good.map((line) => line.type))].toSorted(),
    judge(key) {
      if (revoked.some((line) => line.key.equals(key))) return 'revoked'
      if (good.some((line) => line.key.equals(key))) return 'known'
      return good.length > 0 ? 'changed' : 'unknown'
    },
  }
}

function parseLine(text: string, number: number): readonly Line[] {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.startsWith('#')) return []
  const words = trimmed.split(/[ \t]+/)
  const marker = words[0]?.startsWith('@') === true ? words.shift() : null
  const [patterns, type, key] = words
  if (marker !== null && marker !== '@revoked' && marker !== '@cert-authority') {
    throw new Error(`known_hosts line ${number}: the marker "${marker}" is unknown`)
  }
  if (patterns === undefined || type === undefined || key === undefined || !isKey(type, key)) {
    throw new Error(`known_hosts line ${number} is not "hosts type key"`)
  }
  return [{ marker, patterns: patterns.split(','), type, key: Buffer.from(key, 'base64') }]
}

/** The blob names its own type first; a line where the two differ was damaged. */
function isKey(type: string, base64: string): boolean {
  const blob = Buffer.from(base64, 'base64')
  if (blob.length < 4 || blob.length < 4 + blob.readUInt32BE(0)) return false
  return blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1') === type
}

function matches(patterns: readonly string[], names: readonly string[]): boolean {
  const hit = (pattern: string) => names.some((name) => matchesOne(pattern, name))
  if (patterns.some((pattern) => pattern.startsWith('!') && hit(pattern.slice(1)))) return false
  return patterns.some((pattern) => !pattern.startsWith('!') && hit(pattern))
}

function matchesOne(pattern: string, name: string): boolean {
  if (pattern.startsWith('|1|')) return matchesHashed(pattern, name)
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 'i').test(name)
}

/** |1|salt|HMAC-SHA1(salt, name). */
function matchesHashed(pattern: string, name: string): boolean {
  const [, , salt, hash] = pattern.split('|')
  if (salt === undefined || hash === undefined) return false
  const wanted = Buffer.from(hash, 'base64')
  const made = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  return wanted.length === made.length && timingSafeEqual(wanted, made)
}
