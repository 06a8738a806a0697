/** What can be said about a file's text while its holes are still open. */
import type { SecretHole, SecretKind, SerialHole, Text } from '../../../renderers/renderer.ts'
import { byCodeUnits } from './canonical.ts'

/** A whole PEM, of a certificate with those that it rests on too; counted for every hole, so that a full file cannot be over its limit either. Bytes. */
export const longestValue = 16_384

/** The same text in its shortest form: neighbouring strings joined, empty ones left out. */
export function normalText(text: Text): Text {
  const joined: (string | SecretHole | SerialHole)[] = []
  for (const segment of text) {
    const last = joined.at(-1)
    if (typeof segment !== 'string') joined.push(normalHole(segment))
    else if (typeof last === 'string') joined[joined.length - 1] = last + segment
    else if (segment !== '') joined.push(segment)
  }
  return joined
}

/** The secrets in a text, sorted by id, each half once. */
export function secretsOf(text: Text): readonly SecretHole[] {
  const holes = text.filter((segment) => typeof segment !== 'string' && 'secret' in segment)
  const byName = new Map(holes.map((hole) => [`${hole.secret} ${hole.half}`, hole]))
  return [...byName].toSorted(([a], [b]) => byCodeUnits(a, b)).map(([, hole]) => hole)
}

/** Text for people: a hole shows as what belongs there, never as a value. */
export function shownText(text: Text): string {
  return text.map(shownSegment).join('')
}

/** True where the last line will end with a newline once the holes are filled. A PEM brings its own. */
export function endsWithNewline(text: Text): boolean {
  const last = text.at(-1)
  if (typeof last === 'string') return last.endsWith('\n')
  return last !== undefined && 'secret' in last && isPem(last.kind)
}

/** The most bytes the text can take once its holes are filled. */
export function mostBytes(text: Text): number {
  const sizes = text.map((segment) => (typeof segment === 'string' ? Buffer.byteLength(segment) : longestValue))
  return sizes.reduce((sum, size) => sum + size, 0)
}

function shownSegment(segment: Text[number]): string {
  if (typeof segment === 'string') return segment
  if ('serial' in segment) return '<serial>'
  return segment.half === 'whole' ? `<secret ${segment.secret}>` : `<secret ${segment.secret} (${segment.half})>`
}

function normalHole(hole: SecretHole | SerialHole): SecretHole | SerialHole {
  return 'serial' in hole ? { serial: hole.serial } : { secret: hole.secret, kind: hole.kind, half: hole.half }
}

/** Whether the value is a PEM: of several lines, the last of which ends. */
export function isPem(kind: SecretKind): boolean {
  return kind === 'rsa-key-pair' || kind === 'certificate-and-key'
}
