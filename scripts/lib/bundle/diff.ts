/** Changes as lines: what a reviewer reads. Holes show as placeholders, so no value is ever in it. */
import { structuredPatch } from 'diff'
import type { Id } from '../../../renderers/renderer.ts'
import { byCodeUnits } from './canonical.ts'
import type { Change } from './change.ts'
import type { FileManifest, Rendering } from './rendering.ts'
import { secretsOf, shownText } from './text.ts'

/** The same difference of one path, on one or more hosts. */
export interface FileDiff {
  /** Sorted. */
  readonly hosts: readonly string[]
  readonly path: string
  readonly service: string
  readonly part: string
  readonly kind: Change['kind']
  /** Lines. Where the texts are too different to be matched: all lines of the one and of the other. */
  readonly added: number
  readonly removed: number
  /** Hunks in unified form with 3 lines around, or none where those differ among the hosts; null where the texts are too different, or one is not known. */
  readonly hunks: string | null
  /** What differs besides the text: mode, owner, part, secrets. */
  readonly notes: readonly string[]
}

/** Edits after which two texts count as too different. A number and not a time, so that every machine says the same. */
const mostEdits = 2000

/** What the changes change, equal differences on several hosts once; sorted by first host and path. */
export function diffChanges(before: Rendering, after: Rendering, changes: readonly Change[]): readonly FileDiff[] {
  const merged = new Map<string, FileDiff>()
  const lines = rememberedLines(before, after)
  for (const change of changes) {
    const { host, path, service, part, kind } = change
    const { tight, ...wide } = lines(change)
    const diff = { path, service, part, kind, ...wide, notes: notesOf(before, after, change) }
    const key = JSON.stringify([path, service, part, kind, tight, diff.added, diff.removed, diff.notes])
    const same = merged.get(key)
    // Hosts whose lines around the change differ share what changes, without what is around it.
    const hunks = same === undefined || same.hunks === diff.hunks ? diff.hunks : tight
    merged.set(key, { hosts: [...(same?.hosts ?? []), host], ...diff, hunks })
  }
  const all = [...merged.values()].map((diff) => ({ ...diff, hosts: diff.hosts.toSorted(byCodeUnits) }))
  return all.toSorted((a, b) => byCodeUnits(a.hosts[0] ?? '', b.hosts[0] ?? '') || byCodeUnits(a.path, b.path))
}

/** `tight`: the hunks without lines around. */
type Lines = Pick<FileDiff, 'added' | 'removed' | 'hunks'> & { readonly tight: string | null }

/** Equal pairs of contents are compared once, however many hosts have them. */
function rememberedLines(before: Rendering, after: Rendering): (change: Change) => Lines {
  const known = new Map<string, Lines>()
  return ({ contentBefore, contentAfter }) => {
    const key = `${contentBefore} ${contentAfter}`
    const lines = known.get(key) ?? linesOf(shown(before, contentBefore), shown(after, contentAfter))
    known.set(key, lines)
    return lines
  }
}

/** Empty where there is no file; null where the content is not known. */
function shown(rendering: Rendering, content: string | null): string | null {
  if (content === null) return ''
  const text = Object.hasOwn(rendering.contents, content) ? rendering.contents[content] : undefined
  return text === undefined ? null : shownText(text)
}

function linesOf(before: string | null, after: string | null): Lines {
  const hunks = hunksBetween(before, after, 3)
  if (hunks === null) return { added: count(after ?? ''), removed: count(before ?? ''), hunks, tight: null }
  const lines = hunks.split('\n')
  return { added: starting(lines, '+'), removed: starting(lines, '-'), hunks, tight: hunksBetween(before, after, 0) }
}

/** The difference of two texts in unified form, with so many lines around; null where one is not known, or where they are too different. */
export function hunksBetween(before: string | null, after: string | null, context: number): string | null {
  if (before === null || after === null) return null
  // A text that begins or ends to exist needs as many edits as it has lines, and no search.
  const maxEditLength = before === '' || after === '' ? Infinity : mostEdits
  const patch = structuredPatch('', '', before, after, '', '', { context, maxEditLength })
  const hunks = patch?.hunks.map(
    ({ oldStart, oldLines, newStart, newLines, lines }) =>
      `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@\n${lines.join('\n')}\n`,
  )
  return hunks?.join('') ?? null
}

function starting(lines: readonly string[], sign: string): number {
  return lines.filter((line) => line.startsWith(sign)).length
}

function count(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length
}

function notesOf(before: Rendering, after: Rendering, change: Change): readonly string[] {
  const old = find(before, change)
  const young = find(after, change)
  if (old === null || young === null) return []
  const notes: string[] = []
  if (old.part !== young.part) notes.push(`passes from ${old.part} to ${young.part}`)
  const onDisk = old.file.store === 'disk' && young.file.store === 'disk'
  if (onDisk && old.file.mode !== young.file.mode) notes.push(`mode ${old.file.mode} → ${young.file.mode}`)
  if (onDisk && old.file.owner !== young.file.owner) notes.push(`owner ${old.file.owner} → ${young.file.owner}`)
  return [...notes, ...secretNotes(before, after, change)]
}

/** Only for secrets on both sides: one that comes or goes shows in the lines. */
function secretNotes(before: Rendering, after: Rendering, change: Change): readonly string[] {
  const old = new Set(secretIds(before, change.contentBefore))
  return secretIds(after, change.contentAfter)
    .filter((id) => old.has(id))
    .flatMap((id) => {
      const was = before.secrets[id]?.fingerprint ?? 'unset'
      const is = after.secrets[id]?.fingerprint ?? 'unset'
      if (was === is) return []
      if (was === 'unset') return [`secret ${id} has a value now (not shown)`]
      return [
        is === 'unset'
          ? `secret ${id} has no value any more`
          : `secret ${id} changed or was re-encrypted (value not shown)`,
      ]
    })
}

/** Whether a note says which secret changed. */
export function isSecretNote(note: string): boolean {
  return note.startsWith('secret ')
}

function secretIds(rendering: Rendering, content: string | null): readonly Id[] {
  const text = content !== null && Object.hasOwn(rendering.contents, content) ? rendering.contents[content] : undefined
  return [...new Set(secretsOf(text ?? []).map(({ secret }) => secret))]
}

function find(rendering: Rendering, change: Change): { part: string; file: FileManifest } | null {
  const bundle = Object.hasOwn(rendering.hosts, change.host) ? rendering.hosts[change.host] : undefined
  for (const part of bundle?.parts ?? []) {
    const file = part.files.find(({ path }) => path === change.path)
    if (file !== undefined) return { part: part.id, file }
  }
  return null
}
