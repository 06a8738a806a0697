/** Aliases and merge keys. */
import { isAlias, isMap, isScalar, isSeq, visit } from 'yaml'
import type { Alias, Document, Node, Pair } from 'yaml'
import { harmless } from './shown.ts'
import { spanOf, type Span, type YamlFault } from './yaml-fault.ts'

/** What each alias stands for, in one walk: yaml's own Alias.resolve() walks the whole document for every alias. */
export type Targets = ReadonlyMap<Alias, Node>

/** All aliases that stand for something. */
export function aliasTargets(document: Document.Parsed): Targets {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  visit(document, {
    Node(_key, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node)
        return
      }
      const target = anchors.get(node.source)
      if (target !== undefined) targets.set(node, target)
    },
  })
  return targets
}

/** Aliases of nothing and aliases inside what they stand for; yaml itself says neither where they are nor, of the second kind, that they are. */
export function aliasFaults(document: Document.Parsed, targets: Targets): YamlFault[] {
  const faults: YamlFault[] = []
  const fault = (at: Node, message: string, help: string) => {
    faults.push({ rule: 'yaml-alias', at: spanOf(at), message, help })
  }
  visit(document, {
    Alias(_key, alias, ancestors) {
      const name = harmless(alias.source)
      const target = targets.get(alias)
      if (target === undefined) {
        fault(alias, `the alias *${name} stands for nothing above it`, 'write &NAME at the value that it repeats')
      } else if (ancestors.includes(target)) {
        fault(alias, `the alias *${name} stands for a value that it is part of`, 'write the value out')
      }
    },
    Map(_key, map) {
      for (const pair of map.items) {
        if (!isMergeKey(pair) || mergedMaps(targets, pair).every((source) => isMap(source))) continue
        fault(pair.key as Node, 'what is merged here is no map', 'name a map after "<<:", or a list of maps')
      }
    },
  })
  return faults
}

/** Where the first alias is; the start of the file where there is none. */
export function firstAlias(document: Document.Parsed): Span {
  let found: Span | null = null
  visit(document, {
    Alias(_key, alias) {
      found = spanOf(alias)
      return visit.BREAK
    },
  })
  return found ?? { start: 0, end: 1 }
}

/** Whether the pair is a merge: <<, not in quotes. */
export function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.source === '<<' && pair.key.type === 'PLAIN'
}

/** What a merge key names: a map, or a list of maps. */
export function mergedMaps(targets: Targets, pair: Pair): (Node | null)[] {
  const source = resolved(targets, pair.value as Node | null)
  return isSeq(source) ? (source.items as Node[]).map((item) => resolved(targets, item)) : [source]
}

/** The node, or what it stands for. */
export function resolved(targets: Targets, node: Node | null): Node | null {
  return isAlias(node) ? (targets.get(node) ?? null) : node
}
