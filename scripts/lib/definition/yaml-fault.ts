/** What is wrong with a file as YAML. */
import { isScalar, visit } from 'yaml'
import type { CST, Document, Node, YAMLError } from 'yaml'
import { harmless, shown } from './shown.ts'
import { neverClosed } from './yaml-open.ts'

export interface YamlFault {
  readonly rule: 'yaml-syntax' | 'yaml-duplicate-key' | 'yaml-alias' | 'yaml-tag' | 'yaml-version' | 'yaml-too-much'
  readonly at: Span
  readonly message: string
  readonly help: string
}

/** Offsets in UTF-16 units, `end` excluded. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** The first one: what follows a mistake in the syntax is mostly its echo. */
export function syntaxFault(document: Document.Parsed, tokens: readonly CST.Token[]): YamlFault | null {
  const version = document.directives.yaml.version
  if (version !== '1.2') {
    const message = `the file asks for YAML ${harmless(version)}, in which words mean other things: "no" is false`
    return { rule: 'yaml-version', at: { start: 0, end: 1 }, message, help: 'remove the %YAML line' }
  }
  const errors = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])
  const [first] = errors
  if (first === undefined) return null
  const missed = errors.filter(({ code }) => code === 'MISSING_CHAR').map(({ pos }) => pos[0])
  const open = neverClosed(tokens, missed)
  return open === null ? faultOf(first) : openFault(open)
}

function openFault(start: number): YamlFault {
  const message = 'the quote or bracket that is opened here is not closed where it has to be'
  return { rule: 'yaml-syntax', at: { start, end: start + 1 }, message, help: 'close it, on the same line if possible' }
}

function faultOf(error: YAMLError): YamlFault {
  const at = { start: error.pos[0], end: error.pos[1] }
  // The first line; what follows shows the text again.
  const message = harmless(error.message.split('\n')[0]!)
  if (error.code === 'TAG_RESOLVE_FAILED') {
    const help = 'remove the tag; put the value in quotes where it has to be text'
    return { rule: 'yaml-tag', at, message: 'tags that say what a value is are not understood here', help }
  }
  const { words, help } = known[error.code] ?? { help: 'correct the YAML around this place' }
  return { rule: 'yaml-syntax', at, message: words ?? message, help }
}

/** In plainer words than the parser's, where they are plain enough to be right every time. */
const known: Readonly<Record<string, { readonly words?: string; readonly help: string }>> = {
  BAD_INDENT: { help: 'indent it like its neighbours, two spaces per level' },
  BLOCK_AS_IMPLICIT_KEY: {
    words: 'a second key begins on the line of the first',
    help: 'put the value in quotes, or start a new line after the first colon',
  },
  NON_STRING_KEY: { help: 'use plain text as the key' },
  TAB_AS_INDENT: { words: 'a tab stands where the indentation is', help: 'indent with spaces' },
}

/** yaml compares each key with all others, which takes minutes for a hundred thousand; here they are remembered. */
export function duplicateKeys(document: Document.Parsed): YamlFault[] {
  const faults: YamlFault[] = []
  visit(document, {
    Map(_key, map) {
      const seen = new Set<string>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        const name = String(key.value)
        if (seen.has(name)) {
          const help = 'keep one of the two: which of them counts would be a matter of luck'
          const message = `the key ${shown(name)} is already in the same map`
          faults.push({ rule: 'yaml-duplicate-key', at: spanOf(key), message, help })
        }
        seen.add(name)
      }
    },
  })
  return faults
}

/** The file costs more than a definition is worth. */
export function tooMuchFault(message: string, at: Span): YamlFault {
  return { rule: 'yaml-too-much', at, message, help: 'write the file flatter and with fewer aliases' }
}

/** Where a node is written. */
export function spanOf(node: Node | null): Span {
  const range = node?.range
  return range === undefined || range === null ? { start: 0, end: 1 } : { start: range[0], end: range[1] }
}
