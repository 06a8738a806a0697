/** The way from a place in a YAML value back to the characters it was written with. */
import { isCollection, isMap, isScalar, isSeq } from 'yaml'
import type { Document, Node, Pair, ParsedNode } from 'yaml'
import { isMergeKey, mergedMaps, resolved, type Targets } from './yaml-alias.ts'
import { spanOf, type Span } from './yaml-fault.ts'

/** Where a value, or its key, is written. What is not there is looked for at what would hold it. */
export function locateIn(
  document: Document.Parsed,
  targets: Targets,
  path: readonly (string | number)[],
  onKey: boolean,
): Span {
  let key: Node | null = null
  let value: Node | null = document.contents
  for (const [depth, step] of path.entries()) {
    const next: Found | null = child(targets, value, String(step))
    // What is missing is shown at the key of the map that should hold it; at the root there is none.
    if (next === null) return depth === 0 ? rootSpan(document) : keyOrValue(key, value)
    key = next.key
    value = next.value
  }
  if (path.length === 0) return rootSpan(document)
  return onKey || isWide(value) ? keyOrValue(key, value) : spanOf(value)
}

interface Found {
  readonly key: Node | null
  readonly value: Node | null
}

function child(targets: Targets, holder: Node | null, step: string): Found | null {
  const node = resolved(targets, holder)
  if (isSeq(node)) {
    const item = node.items[Number(step)] as Node | undefined
    return item === undefined ? null : { key: null, value: item }
  }
  if (!isMap(node)) return null
  const pairs = node.items as Pair<ParsedNode, ParsedNode | null>[]
  const own = pairs.find((pair) => isScalar(pair.key) && String(pair.key.value) === step)
  if (own !== undefined) return { key: own.key, value: own.value }
  const merged = pairs.filter(isMergeKey).flatMap((pair) => mergedMaps(targets, pair))
  return merged.map((source) => child(targets, source, step)).find((found) => found !== null) ?? null
}

/** A block or an empty value is better shown at its key. */
function isWide(node: Node | null): boolean {
  if (isCollection(node)) return node.flow !== true
  return node?.range === undefined || node.range === null || node.range[0] === node.range[1]
}

function keyOrValue(key: Node | null, value: Node | null): Span {
  return key === null ? spanOf(value) : spanOf(key)
}

function rootSpan(document: Document.Parsed): Span {
  const start = document.contents?.range[0] ?? 0
  return { start, end: start + 1 }
}
