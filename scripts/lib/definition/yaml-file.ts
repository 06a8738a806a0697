/** A YAML file: its value, and the way back from a place in the value to the characters it was written with. */
import { Composer, Parser } from 'yaml'
import type { CST, Document } from 'yaml'
import { harmless } from './shown.ts'
import { aliasFaults, aliasTargets, firstAlias } from './yaml-alias.ts'
import { duplicateKeys, syntaxFault, tooMuchFault, type Span, type YamlFault } from './yaml-fault.ts'
import { tooDeep, tooMuch } from './yaml-guard.ts'
import { locateIn } from './yaml-place.ts'

export interface YamlFile {
  /** Undefined where there are faults; JSON otherwise. */
  readonly value: unknown
  readonly faults: readonly YamlFault[]
  /** As `value`, with a Map for each map: in the order of the file, where an object has numbers first. */
  inOrder(): unknown
  /** Where a value, or its key, is written. What is not there is looked for at what would hold it. */
  locate(path: readonly (string | number)[], onKey: boolean): Span
}

const options = {
  merge: true,
  stringKeys: true,
  resolveKnownTags: false,
  prettyErrors: false,
  // duplicateKeys() looks for them: yaml compares each key with all others, which takes minutes for a hundred thousand.
  uniqueKeys: false,
  logLevel: 'error',
} as const

/** UTF-16 units; composing takes seconds per MiB. */
const longest = 512 * 1024

/** Reads YAML 1.2, one document, with merge keys. Never throws, whatever the text. */
export function readYaml(text: string): YamlFile {
  if (text.length > longest)
    return broken(tooMuchFault(`it is longer than ${longest} characters`, { start: 0, end: 1 }))
  const tokens = [...new Parser().parse(text)]
  const deep = tooDeep(tokens)
  if (deep !== null)
    return broken(tooMuchFault('collections are nested deeper than 64 levels', { start: deep, end: deep + 1 }))
  const [document, second] = [...new Composer(options).compose(tokens, true, text.length)]
  if (document === undefined) return broken(tooMuchFault('there is no document in it', { start: 0, end: 1 }))
  if (second === undefined) return fromDocument(document, tokens)
  const at = { start: second.range[0], end: second.range[0] + 3 }
  const help = 'keep one document per file: remove the second "---" and what follows it'
  return broken({ rule: 'yaml-syntax', at, message: 'a second document starts here', help })
}

function fromDocument(document: Document.Parsed, tokens: readonly CST.Token[]): YamlFile {
  const syntax = syntaxFault(document, tokens)
  if (syntax !== null) return broken(syntax)
  const targets = aliasTargets(document)
  const faults = [...duplicateKeys(document), ...aliasFaults(document, targets)]
  if (faults.length > 0) return broken(...faults)
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    // A ReferenceError is "Excessive alias count indicates a resource exhaustion attack".
    const message = error instanceof ReferenceError ? 'its aliases stand for too many values' : messageOf(error)
    return broken(tooMuchFault(message, firstAlias(document)))
  }
  const much = tooMuch(value)
  if (much !== null) return broken(tooMuchFault(much, firstAlias(document)))
  return {
    value,
    faults: [],
    inOrder: () => document.toJS({ mapAsMap: true, maxAliasCount: 100 }) as unknown,
    locate: (path, onKey) => locateIn(document, targets, path, onKey),
  }
}

function broken(...faults: readonly YamlFault[]): YamlFile {
  return { value: undefined, faults, inOrder: () => undefined, locate: () => ({ start: 0, end: 1 }) }
}

function messageOf(error: unknown): string {
  return harmless((error instanceof Error ? error.message : String(error)).split('\n')[0]!)
}
